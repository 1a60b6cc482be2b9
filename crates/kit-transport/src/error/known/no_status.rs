//! Without the feature `grpc` no error is a status.

use std::error::Error;

use crate::error::parts::Parts;

pub(crate) fn of_status(_error: &(dyn Error + 'static)) -> Option<Parts> {
    None
}
