//! Lines for operators that are the result of no call.

use std::fmt;

use tokio::sync::broadcast;

/// The number of remarks that are kept for a slow reader.
const KEPT: usize = 64;

/// The remarks of a registrar: lines that an operator should read, that change nothing, and that no
/// call returns, such as a permission that is missing.
///
/// A remark goes to every reader, and waits for none: the last 64 are kept, and a reader that missed
/// some sees how many. While there is no reader, a remark is a WARN line in the log, and that call
/// takes as long as the log does. An application of Kit reads the remarks of its registrations and
/// makes events of them, so neither a registration nor a stop waits for the log.
///
/// Clones are the same remarks.
///
/// ```
/// use kit_registry::Remarks;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let remarks = Remarks::new();
/// let mut reader = remarks.subscribe();
/// remarks.add("etcd at h:1: user and password are not used");
/// assert_eq!(reader.recv().await?, "etcd at h:1: user and password are not used");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Remarks(broadcast::Sender<String>);

impl Remarks {
    /// Remarks without a reader.
    #[must_use]
    pub fn new() -> Remarks {
        Remarks(broadcast::Sender::new(KEPT))
    }

    /// Adds a remark: one line that names the registry.
    pub fn add(&self, line: impl Into<String>) {
        if let Err(unread) = self.0.send(line.into()) {
            tracing::warn!("{}", unread.0);
        }
    }

    /// A reader of each remark from now on.
    #[must_use = "remarks go to the log only while there is no reader"]
    pub fn subscribe(&self) -> broadcast::Receiver<String> {
        self.0.subscribe()
    }
}

impl Default for Remarks {
    fn default() -> Remarks {
        Remarks::new()
    }
}

impl fmt::Debug for Remarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remarks")
            .field("readers", &self.0.receiver_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::{RecvError, TryRecvError};

    use super::*;

    #[tokio::test]
    async fn every_reader_gets_a_remark_and_none_is_waited_for() {
        let remarks = Remarks::new();
        let (mut one, mut two) = (remarks.subscribe(), remarks.clone().subscribe());
        for number in 0..=KEPT {
            remarks.add(number.to_string());
            assert_eq!(one.recv().await.unwrap(), number.to_string());
        }
        assert_eq!(two.recv().await, Err(RecvError::Lagged(1)));
        assert_eq!(two.recv().await.unwrap(), "1");
        assert_eq!(one.try_recv(), Err(TryRecvError::Empty));
    }
}
