//! The rules that a request breaks, as a status has them.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::Violations;
use crate::error::grpc::bound::MARK;
use crate::error::parts::Origin;

/// The bytes of all fields and messages in the details. A status has 8 KiB, and base64 makes them a third
/// longer; the message and the reason need room beside them.
const MOST: usize = 3_000;
/// The bytes of the text of all.
const MOST_TEXT: usize = 400;
/// The bytes of one field and its message beside its text.
const OVERHEAD: usize = 8;

/// A status with `google.rpc.BadRequest`. Of violations that are too many the first are there, and the
/// metadata `violations_cut` says how many are left out.
pub(super) fn origin(violations: &Violations, reason: &str) -> Origin {
    let mut details = ErrorDetails::new();
    let (mut room, mut left_out) = (MOST, 0_u32);
    for violation in violations.as_slice() {
        let size = violation.field.len() + violation.message.len() + OVERHEAD;
        match room.checked_sub(size) {
            Some(rest) if left_out == 0 => {
                room = rest;
                let (field, message) = (violation.field.clone(), violation.message.clone());
                details.add_bad_request_violation(field, message);
            }
            _ => left_out += 1,
        }
    }
    let cut = (left_out > 0).then(|| ("violations_cut".to_owned(), left_out.to_string()));
    details.set_error_info(reason, "", cut.into_iter().collect::<HashMap<_, _>>());
    let text = shortened(&violations.to_string());
    let status = Status::with_error_details(Code::InvalidArgument, text, details);
    Origin::of(&status)
}

/// The beginning of a text. In a header each of its bytes may become three.
fn shortened(text: &str) -> String {
    let mut size = 0;
    let is_within = |char: &char| {
        size += char.len_utf8();
        size <= MOST_TEXT
    };
    let kept: String = text.chars().take_while(is_within).collect();
    if kept.len() < text.len() {
        kept + MARK
    } else {
        kept
    }
}
