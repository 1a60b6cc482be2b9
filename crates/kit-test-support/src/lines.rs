//! The lines of a log, kept for a test.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// A writer that keeps the lines that are written to it, such as those of a subscriber. Clones are
/// the same lines.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// All lines so far.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        text.lines().map(str::to_owned).collect()
    }

    /// The lines so far that hold `text`.
    #[must_use]
    pub fn with(&self, text: &str) -> Vec<String> {
        let mut lines = self.all();
        lines.retain(|line| line.contains(text));
        lines
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
