//! Without the feature `grpc` there is no status.

/// In place of tonic's.
#[derive(Debug)]
pub enum __Status {}

/// Converts nothing.
#[doc(hidden)]
#[macro_export]
macro_rules! __reasons_into_status {
    ($reasons:ident) => {};
}
