//! Visible means served.

use std::time::Duration;

use kit_app::Event;

use super::facts::{ensure, forced_at};
use crate::recording::{Act, Part, Point, Recording, Seen};
use crate::script::Script;

/// How long a server may be dead while a registration that began before is repeated.
const DEAD: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Default)]
struct Server {
    accepts: bool,
    /// It has seen that it is to stop.
    is_cancelled: bool,
    died: Option<Duration>,
}

#[derive(Clone, Copy, Default)]
struct Registry {
    shows: bool,
    /// Its deregistration has used up its time.
    gave_up: bool,
}

/// Goes through the entries once, in order, with the state of each server and of each registry. The state of a server
/// changes by what its task sees, that of a registry by the calls that it gets.
pub(super) fn check(script: &Script, recording: &Recording) -> Result<(), String> {
    let mut servers = vec![Server::default(); script.servers.len()];
    let mut registries = vec![Registry::default(); script.registries.len()];
    let forced = forced_at(recording);
    for entry in &recording.entries {
        let is_forced = forced.is_some_and(|forced| forced <= entry.at);
        if let Seen::Event(Event::Deregistered {
            registry,
            error: Some(_),
            ..
        }) = &entry.seen
        {
            for (index, shown) in registries.iter_mut().enumerate() {
                shown.gave_up |= Part::Registry(index).to_string() == *registry;
            }
        }
        let Seen::Sight(sight) = entry.seen else {
            continue;
        };
        match (sight.part, sight.point, sight.act) {
            (Part::Server(index), Point::Serve, Act::Begins) => servers[index].accepts = true,
            (Part::Server(index), Point::Serve, Act::SeesCancel) => {
                servers[index].accepts = false;
                servers[index].is_cancelled = true;
                let shows = |registry: &Registry| registry.shows && !registry.gave_up;
                ensure(is_forced || !registries.iter().any(shows), || {
                    format!("server{index} stops accepting while it is shown: {entry}")
                })?;
            }
            (Part::Server(index), Point::Serve, _) => {
                let server = &mut servers[index];
                server.accepts = false;
                if !server.is_cancelled {
                    server.died = Some(entry.at);
                }
            }
            (Part::Registry(index), Point::Register, Act::Begins) => {
                registries[index].shows = true;
                let serves = |server: &Server| {
                    let is_fresh = |died: Duration| entry.at <= died + DEAD;
                    server.accepts || server.died.is_some_and(is_fresh)
                };
                ensure(servers.iter().all(serves), || {
                    format!("registered while a server does not accept: {entry}")
                })?;
            }
            (Part::Registry(index), Point::Deregister, Act::Ends)
            | (Part::Registry(index), Point::KeepAlive, Act::Fails) => {
                registries[index].shows = false;
            }
            _ => {}
        }
    }
    Ok(())
}
