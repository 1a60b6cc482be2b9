//! Errors that `?` alone cannot convert.

use std::error::Error;

use kit_sync::BoxError;

use super::ApiError;
use super::known::known;

/// Makes an [`ApiError`] of an error that does not itself implement [`Error`], which `?` needs:
/// `anyhow::Error`, `eyre::Report` and [`BoxError`]. One word does it: `.api()?`.
///
/// It finds the same as `?` does: an `ApiError` in the chain (boxed, or made an error by
/// [`ApiError::into_error`]), a `tonic::Status` or a rejection of axum's is kept, below any number of
/// contexts; everything else is a 500 whose text, contexts included, is logged and never sent.
///
/// ```
/// use anyhow::Context as _;
/// use kit_transport::{ApiError, IntoApi as _};
///
/// fn find(id: u32) -> anyhow::Result<String> {
///     let missing = || ApiError::not_found("ORDER_UNKNOWN", format!("there is no order {id}"));
///     Err(missing().into_error()).context("looking for an order")
/// }
///
/// fn read() -> anyhow::Result<String> {
///     std::fs::read_to_string("/no/such/file").context("reading the stock")
/// }
///
/// fn handler(id: u32) -> Result<String, ApiError> {
///     let order = find(id).api()?;
///     Ok(order + &read().api()?)
/// }
///
/// let error = handler(7).unwrap_err();
/// assert_eq!((error.code(), error.reason()), (404, "ORDER_UNKNOWN"));
/// let hidden = read().api().unwrap_err();
/// assert_eq!((hidden.code(), hidden.message()), (500, "internal error"));
/// ```
pub trait IntoApi<T> {
    /// The same result, with its error as `?` would convert it.
    ///
    /// # Errors
    /// The error that was there.
    fn api(self) -> Result<T, ApiError>;
}

impl<T, E> IntoApi<T> for Result<T, E>
where
    E: AsRef<dyn Error + Send + Sync> + Into<BoxError>,
{
    fn api(self) -> Result<T, ApiError> {
        self.map_err(|error| {
            // Looked at before it is boxed, after which the type of its first error is hidden.
            let known = known(error.as_ref());
            ApiError::from_known(known, error.into())
        })
    }
}
