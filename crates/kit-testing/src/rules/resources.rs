//! Resources are opened first and closed last, in the reverse order.

use kit_app::Event;

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording};
use crate::script::Script;

/// Goes through the entries once, in order, with the names of those that open, are open and are closed; at the end
/// each that was opened has to be closed, by a call that was polled.
pub(super) fn check(_: &Script, recording: &Recording) -> Result<(), String> {
    let (mut opening, mut open, mut closed): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    let mut stopped = true;
    let mut alive: Vec<&str> = Vec::new();
    for (_, event) in recording.events() {
        match event {
            Event::ResourceOpening { name } => {
                ensure(opening.len() == open.len(), || {
                    format!("{name} opens before {:?} is open", opening.last())
                })?;
                opening.push(name);
            }
            Event::ResourceOpened { name, .. } => {
                ensure(opening.last() == Some(&name.as_str()), || {
                    format!("{name} is open, and {:?} was opened last", opening.last())
                })?;
                open.push(name);
            }
            Event::ComponentStarting { name, .. } => {
                ensure(opening.len() == open.len(), || {
                    format!("{name} starts before {:?} is open", opening.last())
                })?;
                alive.push(name);
                stopped = false;
            }
            Event::ComponentStopped { name, .. } => {
                alive.retain(|of| of != name);
                stopped = alive.is_empty();
            }
            Event::ResourceClosing { name } => {
                ensure(stopped, || {
                    format!("{name} closes before {alive:?} have stopped")
                })?;
                let next = open.iter().rev().find(|of| !closed.contains(of));
                ensure(next == Some(&name.as_str()), || {
                    format!("{name} closes, and {next:?} was to be next")
                })?;
                closed.push(name);
            }
            _ => {}
        }
    }
    let left: Vec<_> = open.iter().filter(|name| !closed.contains(name)).collect();
    ensure(left.is_empty(), || {
        format!("open, and never closed: {left:?}")
    })?;
    for name in open {
        let is_called = recording.sights().any(|(_, sight)| {
            matches!(sight.part, Part::Resource(_))
                && sight.part.to_string() == name
                && sight.is(Point::Close, Act::Begins)
        });
        ensure(is_called, || {
            format!("the close of {name} was never called")
        })?;
    }
    Ok(())
}
