//! One file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::format::{EXTENSIONS, Format};
use super::layer::Layer;
use super::refused::{self, Wanted};
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};

/// The largest file that is read: 16 MiB. Settings are a thousand times smaller.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a file; `None` if there is none.
///
/// A file that is something else than a text in UTF-8, in a format that its extension names, is a
/// problem, and so is one that may not be read. A byte order mark is skipped.
pub(super) fn read_if_there(path: &Path) -> Option<Layer> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // A link that leads nowhere is there.
        Err(error) if refused::is_absent(&error) && path.symlink_metadata().is_err() => {
            return None;
        }
        Err(error) => {
            return Some(unreadable(
                path,
                refused::reason(path, &error, Wanted::File),
            ));
        }
    };
    if metadata.is_dir() {
        return Some(unreadable(path, "it is a directory, not a file"));
    }
    if !metadata.is_file() {
        return Some(unreadable(path, "it is not a regular file"));
    }
    let Some(format) = Format::of(path) else {
        let reason = match path.extension() {
            Some(extension) => format!(
                "the extension `.{}` names no known format; it has to be {EXTENSIONS}",
                extension.to_string_lossy()
            ),
            None => format!("its name has no extension; it has to be {EXTENSIONS}"),
        };
        return Some(unreadable(path, reason));
    };
    Some(match bytes(path) {
        Ok(bytes) => decode(path, bytes).map_or_else(Layer::failed, |text| format.parse(&text)),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            unreadable(path, format!("it is larger than {} MiB", MAX_BYTES >> 20))
        }
        Err(error) => unreadable(path, refused::reason(path, &error, Wanted::File)),
    })
}

/// A file that has to be there.
pub(super) fn read(path: &Path) -> Layer {
    read_if_there(path).unwrap_or_else(|| unreadable(path, refused::missing(path, Wanted::File)))
}

/// The name of a path in messages: as it was given.
pub(crate) fn name(path: &Path) -> String {
    path.display().to_string()
}

fn unreadable(path: &Path, reason: impl Into<String>) -> Layer {
    let what = What::Unreadable {
        attempt: "read the file".to_owned(),
        reason: reason.into(),
    };
    let origin = Origin::Whole(name(path).into());
    Layer::failed(Problem::new(origin, KeyPath::root(), what))
}

/// The bytes of a regular file.
///
/// # Errors
///
/// Those of the system, and `FileTooLarge` for one of more than 16 MiB.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The file may have grown since its length was asked for: the length counts that was read.
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn decode(path: &Path, mut bytes: Vec<u8>) -> Result<std::sync::Arc<SourceText>, Problem> {
    let problem =
        |origin, message: String| Problem::new(origin, KeyPath::root(), What::Syntax { message });
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let message = "is written in UTF-16; it has to be saved as UTF-8".to_owned();
        return Err(problem(Origin::Whole(name(path).into()), message));
    }
    if bytes.starts_with("\u{feff}".as_bytes()) {
        bytes.drain(..'\u{feff}'.len_utf8());
    }
    String::from_utf8(bytes)
        .map(|text| SourceText::new(name(path), text))
        .map_err(|error| {
            let place = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[place];
            // What stands before the place is the same in the replaced text.
            let text = SourceText::new(name(path), String::from_utf8_lossy(error.as_bytes()));
            let replacement = place..place + char::REPLACEMENT_CHARACTER.len_utf8();
            let origin = Origin::File(Span::new(&text, replacement));
            problem(origin, format!("the byte 0x{byte:02x} here is not UTF-8"))
        })
}
