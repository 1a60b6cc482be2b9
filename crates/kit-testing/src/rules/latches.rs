//! An app runs when every latch was opened.

use kit_app::{Event, Stage};

use super::facts::ensure;
use crate::recording::{Act, Part, Point, Recording, Seen};
use crate::script::{LatchUse, Script};

/// Goes through the entries until the app runs, with the latches that are held and whether one was dropped; each that
/// the script has was taken by then.
pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let (mut taken, mut held) = (Vec::new(), Vec::new());
    let mut dropped = None;
    for entry in &recording.entries {
        match &entry.seen {
            Seen::Sight(sight) if sight.point == Point::Latch => match sight.act {
                Act::Begins => {
                    taken.push(sight.part);
                    held.push(sight.part);
                }
                act => {
                    held.retain(|part| *part != sight.part);
                    dropped = dropped.or((act == Act::IsCut).then_some(sight.part));
                }
            },
            Seen::Event(Event::Entered {
                stage: Stage::Running,
            }) => {
                let missing = all(script).find(|part| !taken.contains(part));
                ensure(missing.is_none(), || {
                    format!("the app runs, and {missing:?} has not taken its latch")
                })?;
                ensure(held.is_empty(), || {
                    format!("the app runs, and latches are held by {held:?}")
                })?;
                return ensure(dropped.is_none(), || {
                    format!("the app runs, and {dropped:?} has dropped its latch unopened")
                });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The parts that take a latch.
fn all(script: &Script) -> impl Iterator<Item = Part> {
    let servers = script.servers.iter().enumerate();
    let servers = servers.map(|(index, server)| (Part::Server(index), server.latch));
    let workers = script.workers.iter().enumerate();
    let workers = workers.map(|(index, worker)| (Part::Worker(index), worker.latch));
    let all = servers.chain(workers);
    all.filter_map(|(part, latch)| (latch != LatchUse::NoLatch).then_some(part))
}
