//! Reading and writing by whichever stream an enum holds.

/// Implements `AsyncRead` and `AsyncWrite` for an enum, each variant of which holds one stream.
macro_rules! read_and_write {
    ($either:ident { $($(#[$cfg:meta])? $variant:ident),+ $(,)? }) => {
        impl ::tokio::io::AsyncRead for $either {
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut ::tokio::io::ReadBuf<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])? $either::$variant(stream) => {
                        ::std::pin::Pin::new(stream).poll_read(cx, buffer)
                    })+
                }
            }
        }

        impl ::tokio::io::AsyncWrite for $either {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                match self.get_mut() {
                    $($(#[$cfg])? $either::$variant(stream) => {
                        ::std::pin::Pin::new(stream).poll_write(cx, bytes)
                    })+
                }
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                slices: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                match self.get_mut() {
                    $($(#[$cfg])? $either::$variant(stream) => {
                        ::std::pin::Pin::new(stream).poll_write_vectored(cx, slices)
                    })+
                }
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    $($(#[$cfg])? $either::$variant(stream) => stream.is_write_vectored(),)+
                }
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])? $either::$variant(stream) => {
                        ::std::pin::Pin::new(stream).poll_flush(cx)
                    })+
                }
            }

            fn poll_shutdown(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                match self.get_mut() {
                    $($(#[$cfg])? $either::$variant(stream) => {
                        ::std::pin::Pin::new(stream).poll_shutdown(cx)
                    })+
                }
            }
        }
    };
}

pub(crate) use read_and_write;
