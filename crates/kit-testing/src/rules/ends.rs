//! What a component runs ends with it.

use std::time::Duration;

use kit_app::Event;

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Seen, Sight};
use crate::script::Script;

/// Goes through the entries once, in order, with what each component runs, and with the components that drain and
/// those that have stopped.
pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    let mut model = ComponentsSoFar::default();
    for entry in &recording.entries {
        let ended = match &entry.seen {
            Seen::Event(event) => model.see_event(event, entry.at),
            Seen::Sight(sight) => model.see_sight(*sight, entry.at),
            _ => continue,
        };
        ended.map_err(|what| format!("{what}: {entry}"))?;
    }
    Ok(())
}

#[derive(Default)]
struct ComponentsSoFar {
    asked: Option<Duration>,
    alive: Vec<(Part, Point)>,
    draining: Vec<String>,
    stopped: Vec<String>,
}

impl ComponentsSoFar {
    fn see_event(&mut self, event: &Event, at: Duration) -> Result<(), String> {
        match event {
            Event::StopAsked { .. } => self.asked = Some(at),
            Event::ComponentStopping { name } => self.draining.push(name.clone()),
            Event::ComponentStopped { name, .. } => {
                self.stopped.push(name.clone());
                let is_of = |(part, _): &&(Part, Point)| component(*part).as_ref() == Some(name);
                let left: Vec<_> = self.alive.iter().filter(is_of).collect();
                return ensure(left.is_empty(), || {
                    format!("it has stopped, and this is alive: {left:?}")
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn see_sight(&mut self, sight: Sight, at: Duration) -> Result<(), String> {
        let Some(component) = component(sight.part) else {
            return Ok(());
        };
        match sight.act {
            Act::Begins => {
                self.alive.push((sight.part, sight.point));
                ensure(!self.stopped.contains(&component), || {
                    "it begins, and its component has stopped".to_owned()
                })?;
                // A run that was due at that moment may begin.
                let is_late = self.asked.is_some_and(|asked| at > asked);
                ensure(sight.point != Point::Run || !is_late, || {
                    "it begins, and a stop was asked for".to_owned()
                })
            }
            // The workers of a group are cancelled to begin anew, too.
            Act::SeesCancel if matches!(sight.part, Part::Member(..)) => Ok(()),
            Act::SeesCancel => ensure(self.draining.contains(&component), || {
                "it is cancelled, and its component does not drain".to_owned()
            }),
            _ => {
                let this = (sight.part, sight.point);
                if let Some(place) = self.alive.iter().position(|alive| *alive == this) {
                    self.alive.swap_remove(place);
                }
                Ok(())
            }
        }
    }
}

/// The name of the component that a part is or belongs to.
fn component(part: Part) -> Option<String> {
    part.component().map(|component| component.to_string())
}
