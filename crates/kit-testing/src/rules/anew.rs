//! The workers of a group begin anew together.

use std::time::Duration;

use kit_app::{AfterFailure, Event};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Seen, Sight};
use crate::script::{GroupScript, MemberScript, Script};

/// The longest delay before workers begin anew.
const DELAY: Duration = Duration::from_secs(1);
/// A run that is due begins within this time.
const SOON: Duration = Duration::from_millis(100);

pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    for (index, group) in script.groups.iter().enumerate() {
        let mut model = GroupSoFar::new(index, group);
        for entry in &recording.entries {
            let seen = match &entry.seen {
                Seen::Event(event) => model.see_event(event),
                Seen::Sight(sight) => model.see_sight(*sight, entry.at),
                _ => Ok(()),
            };
            seen.and_then(|()| model.pass(entry.at))
                .map_err(|what| format!("{what}: {entry}"))?;
        }
    }
    Ok(())
}

/// A worker of the group.
#[derive(Clone, Default)]
struct Member {
    has_begun: bool,
    runs: bool,
    is_cancelled: bool,
    /// Since the failure after which it is to begin anew: that of itself or of another one.
    to_begin: Option<Duration>,
}

/// A group, as far as it has come. From the request to stop on, and once it drains, nothing begins anew.
struct GroupSoFar<'a> {
    index: usize,
    group: &'a GroupScript,
    members: Vec<Member>,
    stops: bool,
    drains: bool,
}

impl GroupSoFar<'_> {
    fn new(index: usize, group: &GroupScript) -> GroupSoFar<'_> {
        GroupSoFar {
            index,
            group,
            members: vec![Member::default(); group.members.len()],
            stops: false,
            drains: false,
        }
    }

    fn is_periodic(&self, member: usize) -> bool {
        matches!(self.group.members[member], MemberScript::Repeats { .. })
    }

    fn see_event(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::StopAsked { .. } => self.stops = true,
            Event::ComponentStopping { name } => {
                self.drains |= *name == Part::Group(self.index).to_string();
            }
            Event::WorkerFailed {
                path,
                then: AfterFailure::Restart { siblings, .. },
                ..
            } => return self.names_siblings(path, siblings),
            _ => {}
        }
        Ok(())
    }

    /// The event of a failure names those that begin anew with the one that has failed. Periodic work keeps its times.
    fn names_siblings(&self, path: &str, siblings: &[String]) -> Result<(), String> {
        let is = |path: &str, member: usize| {
            path.ends_with(&format!("/{}", Part::Member(self.index, member)))
        };
        let all = 0..self.members.len();
        let Some(failed) = all.clone().find(|member| is(path, *member)) else {
            return Ok(());
        };
        let mut wanted = all.filter(|member| {
            *member != failed
                && self.group.anew.concerns(*member, failed)
                && !self.is_periodic(*member)
        });
        let mut named = siblings.iter();
        let is_right = named.all(|path| wanted.next().is_some_and(|member| is(path, member)));
        ensure(is_right && wanted.next().is_none(), || {
            format!("these begin anew with it: {siblings:?}")
        })
    }

    fn see_sight(&mut self, sight: Sight, at: Duration) -> Result<(), String> {
        let Part::Member(group, member) = sight.part else {
            return Ok(());
        };
        if group != self.index || sight.point != Point::Run {
            return Ok(());
        }
        match sight.act {
            Act::Begins => self.begin(member, at),
            Act::SeesCancel => {
                let this = &mut self.members[member];
                this.is_cancelled = true;
                ensure(this.to_begin.is_some() || self.drains, || {
                    "it is cancelled, and nothing that concerns it has failed".to_owned()
                })
            }
            act => {
                self.end(member, act, at);
                Ok(())
            }
        }
    }

    /// One that is to begin anew begins behind those before it, when the runs of all of them have ended. A
    /// failure at this moment is judged later.
    fn begin(&mut self, member: usize, at: Duration) -> Result<(), String> {
        let is_periodic = self.is_periodic(member);
        let is_earlier = |since: Option<Duration>| since.is_some_and(|since| since < at);
        let this = &self.members[member];
        ensure(!this.runs, || "it begins, and runs already".to_owned())?;
        ensure(
            !this.has_begun || is_periodic || this.to_begin.is_some(),
            || "it begins anew, and nothing that concerns it has failed".to_owned(),
        )?;
        if is_earlier(this.to_begin) {
            for (other, sibling) in self.members.iter().enumerate() {
                let waits = other != member && is_earlier(sibling.to_begin);
                ensure(!(waits && sibling.runs), || {
                    format!("it begins anew, and the run of member{other} has not ended")
                })?;
                let is_next = waits && other < member && !self.is_periodic(other);
                ensure(is_periodic || !is_next, || {
                    format!("it begins anew before member{other}")
                })?;
            }
            self.members[member].to_begin = None;
        }
        let this = &mut self.members[member];
        (this.has_begun, this.runs, this.is_cancelled) = (true, true, false);
        Ok(())
    }

    /// The end of a run that was not cancelled is a failure, unless it is a time of periodic work that succeeds.
    fn end(&mut self, member: usize, act: Act, at: Duration) {
        let is_periodic = self.is_periodic(member);
        let this = &mut self.members[member];
        this.runs = false;
        let may_end = act == Act::IsCut || is_periodic && act == Act::Ends;
        if this.is_cancelled || may_end || self.stops {
            return;
        }
        for (other, sibling) in self.members.iter_mut().enumerate() {
            if self.group.anew.concerns(other, member) {
                sibling.to_begin = sibling.to_begin.max(Some(at));
            }
        }
    }

    /// Nothing waits longer than its siblings may take to end, and the delay. Periodic work waits for its time.
    fn pass(&self, at: Duration) -> Result<(), String> {
        if self.stops {
            return Ok(());
        }
        let limit = Duration::from_millis(self.group.restart_limit);
        let count = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let longest = (limit + DELAY) * count + SOON;
        for (member, state) in self.members.iter().enumerate() {
            let waits = state.to_begin.is_some_and(|since| at > since + longest);
            ensure(self.is_periodic(member) || !waits, || {
                format!("member{member} of group{} has not begun anew", self.index)
            })?;
        }
        Ok(())
    }
}
