//! The thread that sends messages to the service manager.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Ending, Scope, StopToken};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::dispatcher;

use super::course::Course;
use super::notifier::Notifier;
use super::outbox::Outbox;
use super::sending::{Condition, Sending};
use super::socket::Sender;
use crate::core::Core;
use crate::events::current_subscriber;
use crate::health::{self, Heartbeat, Pulse, TICK};

const NAME: &str = "notifier";

/// How long the thread goes on at the end for what the service manager has not taken yet. The socket's buffer
/// is full then, which is a fault of its reader.
const END: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_millis(5);

/// Starts the thread in `home`, which ends with `home`. From here on it hears of every event.
///
/// # Errors
/// When the system has no socket or no thread to give.
pub(crate) fn start(notifier: &Notifier, core: &Arc<Core>, home: &Scope) -> io::Result<()> {
    let Ok(address) = notifier.address() else {
        // The check of the options refuses it.
        return Ok(());
    };
    let sender = Sender::open(&address)?;
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let outbox = core.journal.note_for_service_manager();
    let heartbeat = Arc::new(Heartbeat::default());
    let scope = home.child(NAME);
    let answering = Arc::clone(&heartbeat).answer();
    scope.spawn_as("heartbeat", Ending::MayBeDropped, answering);
    let (notifier, core) = (notifier.clone(), Arc::clone(core));
    let subscriber = current_subscriber();
    scope.spawn_thread(NAME, move |token| {
        let _subscriber = subscriber.as_ref().map(dispatcher::set_default);
        runtime.block_on(async {
            let thread = NotifierThread {
                sending: Sending::new(&notifier, sender),
                pulse: Pulse::new(heartbeat),
                next_look: Instant::now(),
                notifier,
                core,
                outbox,
            };
            thread.run(token).await;
        });
    })?;
    Ok(())
}

struct NotifierThread {
    notifier: Notifier,
    core: Arc<Core>,
    outbox: Arc<Outbox>,
    sending: Sending,
    pulse: Pulse,
    next_look: Instant,
}

impl NotifierThread {
    /// Sends what is due at each event and at each look at the runtime, until `token` is cancelled; then what
    /// is owed, for a moment at most.
    async fn run(mut self, token: StopToken) {
        loop {
            self.look();
            self.send_due();
            let next = self.sending.next_round(self.next_look);
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                () = self.outbox.changed() => {}
                () = sleep_until(next) => {}
            }
        }
        let end = Instant::now() + END;
        self.send_due();
        while self.sending.is_owing(&self.outbox) && Instant::now() < end {
            sleep(LAST_RETRY).await;
            self.send_due();
        }
    }

    /// The runtime is looked at in equal steps, however often messages are sent.
    fn look(&mut self) {
        let now = Instant::now();
        if now >= self.next_look {
            self.pulse.look().record(self.core.health.liveness());
            self.next_look = now + TICK;
        }
    }

    fn send_due(&mut self) {
        let condition = Condition {
            silent: self.core.health.liveness().silent(),
            step_end: match self.outbox.course() {
                Course::Starting => self.core.step_end(),
                Course::Reloading => self.core.reloads.hook_end(),
                Course::Stopping => self.core.stop_end(),
                Course::Ready => None,
            },
        };
        let (core, outbox) = (&self.core, &self.outbox);
        self.sending.send_due(outbox, &condition, || {
            outbox.status().text(|| health::why_not_ready(core))
        });
        if let Some(error) = self.sending.take_trouble() {
            let socket = &self.notifier.socket;
            let what = format!("the service manager cannot be reached at {socket}: {error}");
            self.core.journal.remark(what);
        }
    }
}
