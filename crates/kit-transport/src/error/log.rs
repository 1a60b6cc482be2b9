//! The line in the log of an error that is the server's fault.

use super::ApiError;
use super::missing_extension::{instead_of, missing_type};

/// The response hides the source, so this is the last place where it can be seen.
pub(super) fn log(error: &ApiError) {
    if let Some(source) = error.source()
        && error.code() >= 500
    {
        let text = kit_sync::error_chain(source);
        let (code, reason) = (error.code(), error.reason());
        let instead = missing_type(&text).map(instead_of);
        tracing::error!(code, reason, error = %text, instead, "a handler failed");
    }
}
