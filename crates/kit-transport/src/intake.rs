//! Whether a component may take in new work, for as long as its application wants that.

use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::task::coop::cooperative;

/// Whether workers may take in new work: a gate that the application closes and may open again.
/// Cheap to clone; from [`Context::intake`](crate::Context::intake).
///
/// It is open from the start. It closes when a stop begins (at the *lame duck*, before the drain) or
/// when a drain is asked for, and opens again when that drain is taken back. Once a stop has begun it
/// is closed for good. The token of the component's scope is cancelled later, at the drain: between the
/// two, a consumer of a queue finishes and acknowledges what it holds, while every client and server
/// of the application still works.
///
/// A close happens before [`closed`](Self::closed) resolves, so a consumer sees whatever was written
/// before it.
///
/// ```
/// use kit_transport::{Intake, IntakeSwitch};
///
/// async fn consume(intake: Intake, mut pull: impl AsyncFnMut() -> u32) -> Vec<u32> {
///     let mut messages = Vec::new();
///     // A drain that is taken back lets it go on; a stop ends the outer loop.
///     while intake.opened().await.is_ok() {
///         tokio::select! {
///             biased;
///             () = intake.closed() => {}
///             message = pull() => messages.push(message),
///         }
///     }
///     messages
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let switch = IntakeSwitch::new();
/// let mut next = 0;
/// let messages = consume(switch.intake(), async || {
///     next += 1;
///     if next == 3 {
///         switch.end();
///     }
///     next
/// });
/// assert_eq!(messages.await, [1, 2, 3]);
/// # }
/// ```
#[derive(Clone)]
pub struct Intake(Arc<IntakeShared>);

/// What waits is woken in the order in which it began to wait.
struct IntakeShared {
    state: Mutex<IntakeState>,
    changed: Notify,
}

/// The side of the application: closes and opens an [`Intake`]. Dropping it ends the intake.
///
/// `kit-app` has one for each app; a test of a worker can have one, too:
///
/// ```
/// use kit_sync::TaskTree;
/// use kit_transport::{Context, IntakeSwitch, Lifecycle};
/// use tokio::sync::watch;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tree = TaskTree::new("test");
/// let (_life, seen) = watch::channel(Lifecycle::new());
/// let switch = IntakeSwitch::new();
/// let ctx = Context::new(tree.scope().child("outbox"), seen).with_intake(switch.intake());
/// assert!(ctx.intake().is_open());
/// switch.close();
/// assert!(!ctx.intake().is_open());
/// assert!(switch.open());
/// switch.end();
/// assert!(!switch.open(), "it is closed for good");
/// assert!(ctx.intake().opened().await.is_err());
/// # }
/// ```
#[derive(Debug)]
pub struct IntakeSwitch(Intake);

/// The intake is closed and will not open again: the application stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the intake is closed for good, because the app stops")]
#[non_exhaustive]
pub struct IntakeEnded;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IntakeState {
    Open,
    Closed,
    /// Closed for good.
    Ended,
}

// === impl Intake ===

impl Intake {
    /// An intake that nothing closes, as a [`Context`](crate::Context) without an application has it.
    pub(crate) fn always_open() -> Intake {
        Intake(Arc::new(IntakeShared {
            state: Mutex::new(IntakeState::Open),
            changed: Notify::new(),
        }))
    }

    /// Whether new work may be taken in now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state() == IntakeState::Open
    }

    /// Resolves once the intake is closed, at once when it is closed already.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn closed(&self) {
        self.until(|state| state != IntakeState::Open).await;
    }

    /// Resolves once the intake is open, at once when it is open already.
    ///
    /// # Errors
    /// [`IntakeEnded`] when it is closed for good, as soon as that is so.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn opened(&self) -> Result<(), IntakeEnded> {
        match self.until(|state| state != IntakeState::Closed).await {
            IntakeState::Open => Ok(()),
            IntakeState::Closed | IntakeState::Ended => Err(IntakeEnded),
        }
    }

    /// A consumer that finds the intake open each time it asks lets others of its thread go on, too.
    async fn until(&self, is_reached: impl Fn(IntakeState) -> bool) -> IntakeState {
        cooperative(async {
            loop {
                // Woken by every change after this line, so that none between the look and the wait is missed.
                let changed = self.0.changed.notified();
                let state = self.state();
                if is_reached(state) {
                    return state;
                }
                changed.await;
            }
        })
        .await
    }

    fn state(&self) -> IntakeState {
        *kit_sync::lock(&self.0.state)
    }

    /// Goes over to `next`, unless the intake has ended.
    fn enter(&self, next: IntakeState) -> bool {
        let mut state = kit_sync::lock(&self.0.state);
        let before = *state;
        if before == IntakeState::Ended {
            return false;
        }
        *state = next;
        drop(state);
        if before != next {
            self.0.changed.notify_waiters();
        }
        true
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Intake").field(&self.state()).finish()
    }
}

// === impl IntakeSwitch ===

impl IntakeSwitch {
    /// The switch of an intake that is open.
    #[must_use]
    pub fn new() -> IntakeSwitch {
        IntakeSwitch(Intake::always_open())
    }

    /// The intake that it closes and opens.
    #[must_use]
    pub fn intake(&self) -> Intake {
        self.0.clone()
    }

    /// Closes the intake; it may open again. Without effect when it is closed. Returns `false` when it
    /// was closed for good already.
    pub fn close(&self) -> bool {
        self.0.enter(IntakeState::Closed)
    }

    /// Opens the intake again. Without effect when it is open. Returns `false` when it is closed for
    /// good, and stays so.
    pub fn open(&self) -> bool {
        self.0.enter(IntakeState::Open)
    }

    /// Closes the intake for good.
    pub fn end(&self) {
        self.0.enter(IntakeState::Ended);
    }
}

impl Default for IntakeSwitch {
    fn default() -> IntakeSwitch {
        IntakeSwitch::new()
    }
}

impl Drop for IntakeSwitch {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::{IntakeEnded, IntakeSwitch};

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_intake_closes_and_opens_again_until_it_has_ended() {
        let switch = IntakeSwitch::new();
        let intake = switch.intake();
        let mut closed = pin!(intake.closed());
        assert!(intake.is_open() && poll(closed.as_mut()).is_pending());
        assert_eq!(poll(pin!(intake.opened())), Poll::Ready(Ok(())));
        assert!(switch.close() && switch.close() && !intake.is_open());
        assert!(poll(closed).is_ready());
        assert!(
            poll(pin!(intake.closed())).is_ready(),
            "also when it was closed before"
        );
        let mut opened = pin!(intake.opened());
        assert!(poll(opened.as_mut()).is_pending());
        assert!(switch.open() && switch.open() && intake.is_open());
        assert_eq!(poll(opened), Poll::Ready(Ok(())));
        switch.end();
        assert!(!intake.is_open() && !switch.open() && !switch.close());
        assert_eq!(poll(pin!(intake.opened())), Poll::Ready(Err(IntakeEnded)));
        assert!(poll(pin!(intake.closed())).is_ready());
    }

    #[test]
    fn a_wait_for_the_opening_ends_when_none_will_come() {
        for end in [IntakeSwitch::end as fn(&IntakeSwitch), |_| ()] {
            let switch = IntakeSwitch::new();
            let intake = switch.intake();
            switch.close();
            let mut opened = pin!(intake.opened());
            assert!(poll(opened.as_mut()).is_pending());
            end(&switch);
            drop(switch);
            assert_eq!(poll(opened), Poll::Ready(Err(IntakeEnded)));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_change_is_missed_between_threads() {
        let switch = IntakeSwitch::new();
        let intake = switch.intake();
        let (seen, mut changes) = tokio::sync::mpsc::unbounded_channel();
        let tree = kit_sync::TaskTree::new("test");
        tree.scope().spawn("follow", async move {
            while intake.opened().await.is_ok() {
                let _ = seen.send("open");
                intake.closed().await;
                let _ = seen.send("closed");
            }
        });
        for _ in 0..1000 {
            assert_eq!(changes.recv().await, Some("open"));
            switch.close();
            assert_eq!(changes.recv().await, Some("closed"));
            switch.open();
        }
        switch.end();
        let rest = [
            changes.recv().await,
            changes.recv().await,
            changes.recv().await,
        ];
        assert!(matches!(
            rest,
            [None, ..] | [Some("open"), Some("closed"), None]
        ));
    }
}
