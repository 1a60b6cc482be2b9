//! The line in the log of an error that is the server's fault.

use super::ApiError;

/// The response hides the source, so this is the last place where it can be seen.
pub(super) fn log(error: &ApiError) {
    if let Some(source) = error.source()
        && error.code() >= 500
    {
        let text = kit_sync::error_chain(source);
        tracing::error!(code = error.code(), reason = error.reason(), error = %text, "a handler failed");
    }
}
