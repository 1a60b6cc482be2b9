//! The errors of one component's options.

use std::error::Error as StdError;
use std::fmt;

use kit_sync::BoxError;

use crate::Error;

/// Everything that is wrong with one component: [`Server::check`](kit_transport::Server::check) has one
/// error, which the check of the app takes apart again.
#[derive(Debug)]
pub(crate) struct WrongOptions(Vec<Error>);

impl WrongOptions {
    /// # Errors
    /// When there is anything wrong.
    pub(crate) fn unless_none(wrong: Vec<Error>) -> Result<(), BoxError> {
        if wrong.is_empty() {
            return Ok(());
        }
        Err(WrongOptions(wrong).into())
    }

    /// Each error of a check.
    pub(crate) fn all_of(check: BoxError) -> Vec<BoxError> {
        match check.downcast::<WrongOptions>() {
            Ok(all) => all.0.into_iter().map(BoxError::from).collect(),
            Err(one) => vec![one],
        }
    }
}

impl fmt::Display for WrongOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl StdError for WrongOptions {}
