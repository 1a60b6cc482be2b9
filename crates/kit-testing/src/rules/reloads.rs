//! A reload calls every hook, keeps nothing from going on, and is over before what it uses is closed.

use std::time::Duration;

use kit_app::Event;

use super::facts::{asks_for_stop, ensure};
use crate::recording::{Act, Part, Point, Recording, Seen, Sight, Step};
use crate::script::Script;
use crate::script::signals::HUP;

/// A reload that was asked for begins within this time, and a hook that has used up its limit ends.
const SOON: Duration = Duration::from_millis(100);

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut model = ReloadsSoFar::new(script);
    for entry in &recording.entries {
        let seen = match &entry.seen {
            Seen::Event(event) => model.see_event(event, entry.at),
            Seen::Sight(sight) => model.see_sight(*sight, entry.at),
            Seen::Interruption(step) => {
                model.take(*step, entry.at);
                Ok(())
            }
            Seen::Returned => Ok(()),
        };
        seen.and_then(|()| model.pass(entry.at))
            .map_err(|what| format!("{what}: {entry}"))?;
    }
    Ok(())
}

/// The requests, and how far the reload has come that runs.
struct ReloadsSoFar {
    names: Vec<String>,
    limit: Duration,
    is_ready: bool,
    /// Something has asked for a stop: what is asked for from here on has no reload.
    asks: bool,
    /// When the stop had its event.
    stops: Option<Duration>,
    closes: bool,
    /// Since the first request for which no reload has begun.
    wanted: Option<Duration>,
    /// Since when one could begin.
    idle: Duration,
    /// The hooks of the reload that runs that have ended, each by whether it has failed.
    runs: Option<Vec<bool>>,
    /// The hooks that are called, and their tasks.
    alive: Vec<(Part, Point)>,
}

impl ReloadsSoFar {
    fn new(script: &Script) -> ReloadsSoFar {
        let count = script.reload_hooks.len();
        ReloadsSoFar {
            names: (0..count)
                .map(|index| Part::Reload(index).to_string())
                .collect(),
            limit: Duration::from_millis(script.options.reload),
            is_ready: false,
            asks: false,
            stops: None,
            closes: false,
            wanted: None,
            idle: Duration::ZERO,
            runs: None,
            alive: Vec::new(),
        }
    }

    fn take(&mut self, step: Step, at: Duration) {
        self.asks |= asks_for_stop(step);
        let is_request = matches!(step, Step::Reload | Step::Signal(HUP));
        if is_request && !self.asks && !self.names.is_empty() {
            self.wanted.get_or_insert(at);
        }
    }

    /// A reload begins and ends with its events, between which its hooks end one after the other. No failure of a hook is
    /// one of the app, and no resource closes while a hook goes on.
    fn see_event(&mut self, event: &Event, at: Duration) -> Result<(), String> {
        match event {
            Event::Ready { .. } => (self.is_ready, self.idle) = (true, at),
            Event::StopAsked { .. } => (self.asks, self.stops) = (true, Some(at)),
            Event::ReloadStarting { .. } => {
                let may_begin = self.is_ready && self.stops.is_none() && self.runs.is_none();
                ensure(may_begin, || "no reload may begin now".to_owned())?;
                ensure(self.wanted.take().is_some(), || {
                    "nothing has asked for it".to_owned()
                })?;
                self.runs = Some(Vec::new());
            }
            Event::ReloadHookEnded { name, took, error } => {
                return self.end_hook(name, *took, error.is_some());
            }
            Event::Reloaded { failed, .. } => {
                let ended = self.runs.take().unwrap_or_default();
                self.idle = at;
                let wrong = ended.iter().filter(|has_failed| **has_failed).count();
                return ensure(ended.len() == self.names.len() && wrong == *failed, || {
                    format!("hooks that have ended, each by whether it has failed: {ended:?}")
                });
            }
            Event::Failed { error } => {
                let named = self.names.iter().find(|name| error.contains(*name));
                return ensure(named.is_none(), || "a reload fails the app".to_owned());
            }
            Event::ResourceClosing { .. } => {
                self.closes = true;
                let left = &self.alive;
                return ensure(left.is_empty(), || {
                    format!("a reload goes on beside the close of what it uses: {left:?}")
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Hooks end in their order, each within its limit, unless the stop has overtaken the last one.
    fn end_hook(&mut self, name: &str, took: Duration, has_failed: bool) -> Result<(), String> {
        let Some(ended) = &mut self.runs else {
            return Err("no reload runs".to_owned());
        };
        let next = self.names.get(ended.len());
        ensure(next.is_some_and(|next| next == name), || {
            format!("{next:?} was to end next")
        })?;
        ended.push(has_failed);
        ensure(took <= self.limit + SOON || self.stops.is_some(), || {
            format!("it was to end after {:?}", self.limit)
        })
    }

    fn see_sight(&mut self, sight: Sight, at: Duration) -> Result<(), String> {
        let Sight { part, point, act } = sight;
        if !matches!(part, Part::Reload(_)) {
            return Ok(());
        }
        match act {
            Act::Begins => {
                self.alive.push((part, point));
                // One that was called at that moment may begin.
                let is_late = self.stops.is_some_and(|stops| at > stops);
                ensure(!is_late && !self.closes, || {
                    "it is called, and the app stops".to_owned()
                })
            }
            Act::SeesCancel => Ok(()),
            _ => {
                let place = self.alive.iter().position(|alive| *alive == (part, point));
                place.map(|place| self.alive.swap_remove(place));
                Ok(())
            }
        }
    }

    /// A request has its reload as soon as the app is ready and the one before has ended.
    fn pass(&self, at: Duration) -> Result<(), String> {
        let may_begin = self.is_ready && !self.asks && self.runs.is_none();
        let due = self.wanted.map(|wanted| wanted.max(self.idle));
        let is_late = due.is_some_and(|due| at > due + SOON);
        ensure(!(may_begin && is_late), || {
            format!(
                "a reload was asked for at {:?}, and none has begun",
                self.wanted
            )
        })
    }
}
