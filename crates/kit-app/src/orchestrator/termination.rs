//! The file in which Kubernetes finds why a container has failed.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use kit_sync::{BoxError, Scope};
use kit_units::WrongOption;
use tokio::time::timeout;

use crate::Environment;
use crate::journal::Journal;
use crate::settings::Settings;

/// The file that the kubelet makes in each container, unless its pod names another one.
const IN_KUBERNETES: &str = "/dev/termination-log";

/// The kubelet reads no more of it.
const LONGEST: usize = 4096;

/// How long the end waits for the write. A file that takes longer is none of a container's.
const WRITE: Duration = Duration::from_millis(100);

/// Where the reason of a failed end is left.
#[derive(Clone, Debug)]
pub(crate) struct TerminationMessage {
    path: PathBuf,
    /// The option names the path; elsewhere the file is the kubelet's, and where it is not there the pod has
    /// another one.
    is_made: bool,
}

impl TerminationMessage {
    /// At the path of the option; without one only in Kubernetes.
    pub(crate) fn of(settings: &Settings) -> Option<TerminationMessage> {
        match &settings.termination_message {
            Some(path) => Some(TerminationMessage {
                path: path.clone(),
                is_made: true,
            }),
            None => TerminationMessage::in_environment(&settings.environment()),
        }
    }

    pub(crate) fn in_environment(environment: &Environment) -> Option<TerminationMessage> {
        environment.in_kubernetes().then(|| TerminationMessage {
            path: IN_KUBERNETES.into(),
            is_made: false,
        })
    }

    /// Replaces what the file holds. A relative path is refused, and nothing is written there.
    ///
    /// # Errors
    /// Those of the system, but for a file that is not there and is not to be made.
    pub(crate) fn write(&self, text: &str) -> io::Result<()> {
        if !self.path.is_absolute() {
            return Ok(());
        }
        let text = &text[..text.floor_char_boundary(LONGEST)];
        let mut options = OpenOptions::new();
        options.write(true).truncate(true).create(self.is_made);
        match options.open(&self.path) {
            Ok(mut file) => file.write_all(text.as_bytes()),
            Err(error) if !self.is_made && error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes it on a thread of `home`, for which the end of the process waits a moment. A failure has no
    /// reader any more.
    pub(crate) fn leave_beside(&self, text: &str, home: &Scope) {
        let (message, text) = (self.clone(), text.to_owned());
        let (written, done) = mpsc::channel();
        let writing = home.spawn_thread("termination message", move |_| {
            let _ = written.send(message.write(&text));
        });
        if writing.is_ok() {
            let _ = done.recv_timeout(WRITE);
        }
    }

    /// Writes it on a thread of `home`, for which the end of the app waits a moment. A failure is an event and
    /// changes nothing. Where delivery is inline the app has no threads.
    pub(crate) async fn leave(self, text: String, journal: &Journal, home: &Scope) {
        let path = self.path.clone();
        let written = if journal.events().is_inline() {
            self.write(&text)
        } else {
            let writing = home.spawn_thread("termination message", move |_| {
                Ok::<_, BoxError>(self.write(&text))
            });
            match writing {
                Ok(writing) => match timeout(WRITE, writing).await {
                    Ok(Ok(written)) => written,
                    // A thread that only writes does not panic.
                    Ok(Err(_)) => Ok(()),
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                },
                Err(error) => Err(error),
            }
        };
        if let Err(error) = written {
            let path = path.display();
            journal.remark_late(format!(
                "the termination message was not written to {path}: {error}"
            ));
        }
    }
}

/// Refuses a path that depends on where the process was started, and one of a directory.
pub(crate) fn refuse_termination_message(path: &Path) -> Option<WrongOption> {
    let is_wrong = !path.is_absolute() || path.is_dir();
    let expected = "the absolute path of a file, such as `/dev/termination-log`";
    WrongOption::refuse_if(
        is_wrong,
        "termination_message",
        format!("{path:?}"),
        expected,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path, is_made: bool) -> TerminationMessage {
        let path = path.to_owned();
        TerminationMessage { path, is_made }
    }

    #[test]
    fn the_message_replaces_what_was_there_and_is_cut_between_characters() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("message");
        at(&path, true).write(&"ü".repeat(4_000)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "ü".repeat(2_048));
        at(&path, true)
            .write(&format!("x{}", "ü".repeat(4_000)))
            .unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 4_095);
        at(&path, true).write("short").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn a_file_that_kubernetes_has_not_made_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("message");
        at(&path, false).write("text").unwrap();
        assert!(!path.exists());
        assert!(at(directory.path(), false).write("text").is_err());
    }

    #[test]
    fn a_path_that_is_relative_or_a_directory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(refuse_termination_message(Path::new("message")).is_some());
        assert!(refuse_termination_message(directory.path()).is_some());
        assert!(refuse_termination_message(&directory.path().join("message")).is_none());
    }
}
