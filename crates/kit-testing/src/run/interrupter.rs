//! The interruption of a run, at its place.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::{AppHandle, Cause, SignalSender, Signals, Stamped};
use kit_sync::StopToken;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::cast::Log;
use crate::recording::{Seen, Step};
use crate::script::{Interruption, Options, Script, What};

/// Interrupts a run at the place that its interruption has.
pub(super) struct Interrupter {
    log: Log,
    /// The number of the event.
    event: u64,
    /// The steps that are left, each with its milliseconds since the one before.
    steps: Mutex<VecDeque<(u64, Step)>>,
    reached: Notify,
    handle: Mutex<Option<AppHandle>>,
    signals: Signals,
    sender: SignalSender,
    pub(super) parent: StopToken,
    /// Notified so that the task of a server fails.
    pub(super) deaths: Vec<Arc<Notify>>,
    /// Notified so that a registry loses the instance.
    pub(super) losses: Vec<Arc<Notify>>,
}

impl Interrupter {
    pub(super) fn new(script: &Script, interruption: &Interruption, log: &Log) -> Interrupter {
        let (signals, sender) = Signals::manual();
        // Handlers stand from the first event on.
        let first = u64::from(matches!(interruption.what, What::Signals(_)));
        Interrupter {
            log: log.clone(),
            event: interruption.event.max(first),
            steps: Mutex::new(steps(interruption)),
            reached: Notify::new(),
            handle: Mutex::default(),
            signals,
            sender,
            parent: StopToken::new(),
            deaths: script.servers.iter().map(|_| Arc::default()).collect(),
            losses: script.registries.iter().map(|_| Arc::default()).collect(),
        }
    }

    pub(super) fn signals(&self) -> Signals {
        self.signals.clone()
    }

    /// The app is there, and its run comes next.
    pub(super) fn begin(&self, handle: AppHandle) {
        *kit_sync::lock(&self.handle) = Some(handle);
        if self.event == 0 {
            self.reach();
        }
    }

    /// The run is over. The app holds this by its observer, so neither would ever be freed.
    pub(super) fn release(&self) {
        *kit_sync::lock(&self.handle) = None;
    }

    /// Takes an event, in the app's own call.
    pub(super) fn observe(&self, stamped: &Stamped) {
        self.log.add(Seen::Event(stamped.event.clone()));
        if stamped.number == self.event {
            self.reach();
        }
    }

    /// A first step without a delay is done here, inside whatever emits the event.
    fn reach(&self) {
        let mut steps = kit_sync::lock(&self.steps);
        let first = steps.pop_front_if(|(after, _)| *after == 0);
        drop(steps);
        if let Some((_, step)) = first {
            self.take(step);
        }
        self.reached.notify_one();
    }

    /// Takes the steps that are left, asks for the reload of the script, and stops the app at the end in any case.
    pub(super) async fn interrupt(&self, options: &Options) -> Infallible {
        let millis = Duration::from_millis;
        let interrupting = async {
            self.reached.notified().await;
            loop {
                let next = kit_sync::lock(&self.steps).pop_front();
                let Some((after, step)) = next else {
                    return;
                };
                sleep(millis(after)).await;
                self.take(step);
            }
        };
        let reloading = async {
            if let Some(reloads_at) = options.reloads_at {
                sleep(millis(reloads_at)).await;
                self.take(Step::Reload);
            }
        };
        let ending = async {
            sleep(millis(options.ends_at)).await;
            self.take(Step::Stop);
        };
        tokio::join!(interrupting, reloading, ending);
        pending().await
    }

    fn take(&self, step: Step) {
        let handle = kit_sync::lock(&self.handle).clone();
        let Some(handle) = handle else {
            return;
        };
        if let Step::Signal(number) = step {
            // One that nothing takes any more is none.
            if self.sender.send(number) {
                self.log.add(Seen::Interruption(step));
            }
            return;
        }
        self.log.add(Seen::Interruption(step));
        match step {
            Step::Stop => {
                handle.stop("the script says so");
            }
            Step::Signal(_) => {}
            Step::ParentEnds => {
                self.parent.cancel(Cause::ParentEnded);
            }
            Step::ServerDies(index) => self.deaths[index].notify_one(),
            Step::RegistrationIsLost(index) => self.losses[index].notify_one(),
            Step::Reload => {
                // There is none without a hook, or once the app stops.
                let _ = handle.reload("the script says so");
            }
            Step::Drain => {
                handle.drain("the script says so");
            }
            Step::Undrain => {
                // An error once the app stops.
                let _ = handle.undrain();
            }
        }
    }
}

/// The steps of an interruption.
fn steps(interruption: &Interruption) -> VecDeque<(u64, Step)> {
    let steps = match &interruption.what {
        What::Nothing => Vec::new(),
        What::StopByHandle => vec![(0, Step::Stop)],
        What::Signals(signals) => {
            let signals = signals.iter();
            signals
                .map(|(after, number)| (*after, Step::Signal(*number)))
                .collect()
        }
        What::ParentEnds => vec![(0, Step::ParentEnds)],
        What::ServerDies(index) => vec![(0, Step::ServerDies(*index))],
        What::RegistrationIsLost(index) => vec![(0, Step::RegistrationIsLost(*index))],
        What::IsReloaded => vec![(0, Step::Reload)],
        What::IsDrained(None) => vec![(0, Step::Drain)],
        What::IsDrained(Some(after)) => vec![(0, Step::Drain), (*after, Step::Undrain)],
    };
    let mut steps: VecDeque<_> = steps.into();
    if let Some((after, _)) = steps.front_mut() {
        *after += interruption.after;
    }
    steps
}
