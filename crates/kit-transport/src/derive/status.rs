//! The way from a reason to a gRPC status.

pub use tonic::Status as __Status;

/// Converts an enum of reasons, so that `?` makes a status of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __reasons_into_status {
    ($reasons:ident) => {
        #[automatically_derived]
        impl ::core::convert::From<$reasons> for $crate::__Status {
            fn from(reason: $reasons) -> $crate::__Status {
                ::core::convert::From::from(
                    <$crate::ApiError as ::core::convert::From<$reasons>>::from(reason),
                )
            }
        }
    };
}
