//! Cancelling tasks, with a cause.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::sync::{CancellationToken, OnceLock};

/// Why a token was cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Cause {
    /// A request, with its reason.
    Requested(String),
    /// The operating system sent this signal.
    Signal(i32),
    /// A task ended with an error, or ended although it should not have.
    Failed {
        /// The task's path.
        task: String,
        /// Where it was spawned.
        location: String,
    },
    /// A task panicked.
    Panicked {
        /// The task's path.
        task: String,
        /// The panic's message.
        message: String,
        /// Where it panicked, or where the task was spawned when that is all that is known.
        location: String,
    },
    /// A deadline passed.
    Deadline,
    /// The token that this one was made from was cancelled.
    ParentEnded,
    /// The owner was dropped without being closed.
    Dropped,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Requested(why) => write!(f, "{why}"),
            Cause::Signal(number) => match signal_name(*number) {
                Some(name) => f.write_str(name),
                None => write!(f, "signal {number}"),
            },
            Cause::Failed { task, location } => write!(f, "task {task} ({location}) failed"),
            Cause::Panicked {
                task,
                message,
                location,
            } => {
                write!(f, "task {task} panicked at {location}: {message}")
            }
            Cause::Deadline => f.write_str("the deadline passed"),
            Cause::ParentEnded => f.write_str("the parent token was cancelled"),
            Cause::Dropped => f.write_str("the owner was dropped"),
        }
    }
}

// The numbers that are the same on every Unix, and two on which most Linux systems agree.
fn signal_name(number: i32) -> Option<&'static str> {
    const IS_USUAL: bool = cfg!(all(
        target_os = "linux",
        not(any(
            target_arch = "mips",
            target_arch = "mips64",
            target_arch = "sparc64"
        ))
    ));
    match number {
        1 => Some("SIGHUP"),
        2 => Some("SIGINT"),
        3 => Some("SIGQUIT"),
        10 if IS_USUAL => Some("SIGUSR1"),
        12 if IS_USUAL => Some("SIGUSR2"),
        14 => Some("SIGALRM"),
        15 => Some("SIGTERM"),
        _ => None,
    }
}

/// A cancellation token that says why: [tokio-util's](CancellationToken) plus a write-once
/// [`Cause`].
///
/// Clones are the same token; [children](Self::child) are cancelled with their parent, never the
/// other way round.
///
/// ```
/// use kit_sync::{Cause, StopToken};
///
/// let parent = StopToken::new();
/// let child = parent.child();
/// assert!(parent.cancel(Cause::Signal(15)));
/// assert!(child.is_cancelled());
/// assert_eq!(child.cause(), Some(Cause::Signal(15)));
/// assert!(!child.cancel(Cause::Deadline), "the first cause stays");
/// ```
#[derive(Clone)]
pub struct StopToken(Arc<TokenShared>);

struct TokenShared {
    token: CancellationToken,
    cause: OnceLock<Cause>,
    parent: Option<StopToken>,
}

impl StopToken {
    /// A token that is not cancelled.
    #[must_use]
    pub fn new() -> StopToken {
        CancellationToken::new().into()
    }

    /// A token that is cancelled with this one, for the same cause, and can be cancelled alone.
    #[must_use]
    pub fn child(&self) -> StopToken {
        StopToken(Arc::new(TokenShared {
            token: self.0.token.child_token(),
            cause: OnceLock::new(),
            parent: Some(self.clone()),
        }))
    }

    /// Cancels this token and its children. Returns whether this call was the first and so gave
    /// the cause.
    pub fn cancel(&self, cause: Cause) -> bool {
        if self.is_cancelled() {
            return false;
        }
        // Before the token: a reader that sees the token cancelled must see the cause.
        let first = self.0.cause.set(cause).is_ok();
        self.0.token.cancel();
        first
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.token.is_cancelled()
    }

    /// Resolves when the token is cancelled; at once when it already was.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn cancelled(&self) {
        self.0.token.cancelled().await;
    }

    /// [`cancelled`](Self::cancelled) as a future without a borrow.
    pub fn cancelled_owned(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.0.token.clone().cancelled_owned()
    }

    /// Runs `future` until it is done or the token is cancelled, which gives `None` and drops it.
    ///
    /// # Cancel safety
    /// As cancel safe as `future`.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.token.run_until_cancelled(future).await
    }

    /// Why it was cancelled; `None` when it was not. A child that was not cancelled alone has its
    /// parent's. Once seen, the cause never changes.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.is_cancelled().then(|| self.given().clone())
    }

    /// The cause of a token that is cancelled, or has a cancelled child that inherits its cause.
    /// Such a parent is not asked whether it is cancelled: it may say so later than the child.
    fn given(&self) -> &Cause {
        let inherited = || {
            let parent = self.0.parent.as_ref();
            parent.map_or(Cause::ParentEnded, |parent| parent.given().clone())
        };
        self.0.cause.get_or_init(inherited)
    }
}

impl Default for StopToken {
    fn default() -> StopToken {
        StopToken::new()
    }
}

/// For embedding: the cause of a cancellation from outside is [`Cause::ParentEnded`]. Cancelling
/// the stop token leaves the token it was made from alone.
impl From<CancellationToken> for StopToken {
    fn from(token: CancellationToken) -> StopToken {
        let token = token.child_token();
        StopToken(Arc::new(TokenShared {
            token,
            cause: OnceLock::new(),
            parent: None,
        }))
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken")
            .field("cause", &self.cause())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, kit_loom))]
mod models;

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_child_can_be_cancelled_alone_and_keeps_its_own_cause() {
        let parent = StopToken::new();
        let child = parent.child();
        assert!(child.cancel(Cause::Deadline));
        assert!(!parent.is_cancelled());
        assert!(parent.cancel(Cause::Signal(2)));
        assert_eq!(child.cause(), Some(Cause::Deadline));
    }

    #[test]
    fn an_embedded_token_says_that_its_parent_ended_and_never_cancels_it() {
        let outside = CancellationToken::new();
        let stop = StopToken::from(outside.clone());
        let alone = StopToken::from(outside.clone());
        assert!(alone.cancel(Cause::Deadline));
        assert!(!outside.is_cancelled());
        assert_eq!(stop.cause(), None);
        outside.cancel();
        assert_eq!(stop.cause(), Some(Cause::ParentEnded));
    }

    #[tokio::test]
    async fn a_cancelled_token_has_its_cause() {
        let token = StopToken::new();
        let child = token.child();
        let waiting = async {
            child.cancelled().await;
            child.cause()
        };
        let (seen, _) = tokio::join!(waiting, async { token.cancel(Cause::Signal(3)) });
        assert_eq!(seen, Some(Cause::Signal(3)));
        assert_eq!(
            child
                .run_until_cancelled(std::future::pending::<()>())
                .await,
            None
        );
    }
}
