//! Files that a reference names.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use crate::source::refused::{self, Wanted};
use crate::tree::origin::Origin;

/// More is no setting, but a mistake, such as the path of a log.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file of this path; one that is relative begins in the folder of the file that names it.
pub(super) fn path_from(origin: &Origin, path: &str) -> PathBuf {
    let folder = origin
        .span()
        .and_then(|span| Path::new(span.name()).parent());
    folder.unwrap_or(Path::new("")).join(path)
}

/// The text in the file of this path, which messages call `name`, without the newline at its end, which editors write
/// and no secret has. It has to be something.
pub(super) fn read(path: &Path, name: &Path) -> Result<String, Fault> {
    // A path that has a variable in it is not shown as it is.
    let seen = if path == name { path } else { Path::new("") };
    let name = || name.display().to_string();
    let failed = |error: std::io::Error| Fault::Unreadable {
        path: name(),
        why: refused::reason(seen, &error, Wanted::File),
    };
    // A pipe could keep the start of the process waiting.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Fault::NoFile { path: name() });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Fault::LargeFile { path: name() });
    }
    let mut text = String::from_utf8(bytes).map_err(|error| Fault::NoText {
        of: format!("the file {}", name()),
        after: error.utf8_error().valid_up_to(),
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    // As with a variable: a file that is being written, or was not mounted, would pass for a setting.
    if text.is_empty() {
        return Err(Fault::EmptyFile { path: name() });
    }
    Ok(text)
}
