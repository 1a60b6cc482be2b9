//! Without the feature `http` there are no extractors, and no rejections of theirs.

use std::error::Error;

use crate::error::parts::Parts;

pub(crate) fn of_rejection(_error: &(dyn Error + 'static)) -> Option<Parts> {
    None
}
