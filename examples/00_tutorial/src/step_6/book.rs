//! The book: a file with a line for each run of the service.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use kit::BoxError;

#[derive(Clone)]
pub(crate) struct Book(Arc<File>);

impl Book {
    /// Fails the start where a run could not leave its line.
    pub(crate) fn open(path: &Path) -> Result<Book, BoxError> {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let file = opened.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Book(Arc::new(file)))
    }

    pub(crate) fn close(self, greeted: u64) -> Result<(), BoxError> {
        writeln!(&*self.0, "{greeted} greeted")?;
        Ok(())
    }
}
