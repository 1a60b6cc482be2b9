//! What can be known to be wrong with an app before anything of it begins.

use std::sync::Arc;
use std::time::Duration;

use kit_transport::Server;

use crate::Error;
use crate::builder::Settings;

/// More than any wait needs, and short enough to be added to any time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// # Errors
/// The first thing that is wrong.
pub(crate) fn check(settings: &Settings) -> Result<(), Error> {
    let limits = [
        ("stop_timeout", settings.stop_timeout),
        ("start_timeout", settings.start_timeout),
        ("register_timeout", settings.register_timeout),
        ("hook_timeout", settings.hook_timeout),
        ("gate_timeout", settings.gate_timeout),
    ];
    for (option, limit) in limits {
        check_limit(option, limit)?;
    }
    for limit in settings
        .hooks
        .iter()
        .filter_map(|hook| hook.options.timeout)
    {
        check_limit("HookOptions::timeout", limit)?;
    }
    settings.advertise.check()?;
    check_names(&settings.servers)?;
    settings.servers.iter().try_for_each(check_component)
}

fn check_limit(option: &'static str, limit: Duration) -> Result<(), Error> {
    if limit.is_zero() || limit > LONGEST {
        return Err(Error::Option {
            option,
            value: format!("{limit:?}"),
            expected: "longer than nothing and at most 24 hours",
        });
    }
    Ok(())
}

/// Reports, events and handles name a component by its name alone.
fn check_names(servers: &[Arc<dyn Server>]) -> Result<(), Error> {
    let mut names: Vec<&str> = servers.iter().map(|server| server.name()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::DuplicateName {
            name: pair[0].to_owned(),
        }),
        None => Ok(()),
    }
}

fn check_component(server: &Arc<dyn Server>) -> Result<(), Error> {
    server.check().map_err(|source| Error::Component {
        component: server.name().to_owned(),
        source,
    })
}
