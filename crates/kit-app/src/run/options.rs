//! What can be known to be wrong before anything of an app begins.

use std::time::Duration;

use kit_sync::WatchdogOptions;
use kit_transport::Probes;

use crate::admin::{Admin, AdminRoute};
use crate::health::wrong_options;
use crate::names::{
    CHECK, COMPONENT, LAST_STEP, REGISTRY, RELOAD_HOOK, RESOURCE, hook_of, wrong_names,
};
use crate::registration::Registry;
use crate::resource::{Resource, ValueType};
use crate::settings::Settings;
use crate::wrong_options::WrongOptions;
use crate::{AppHandle, Error, HookStage, Info};

/// The name of the admin server, which clients of a test and errors know it by.
const ADMIN: &str = "admin";

/// The longest timeout: more than any wait needs, and short enough to be added to any time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest time of a whole stop.
const SHORTEST_STOP: Duration = Duration::from_millis(1);

/// Every option that is wrong, so that one run finds all of them.
pub(super) fn check(settings: &Settings, info: &Info) -> Vec<Error> {
    let mut wrong: Vec<Error> = info.instance().err().into_iter().collect();
    wrong.extend(check_timeouts(settings));
    wrong.extend(check_names(settings));
    wrong.extend(check_types(&settings.resources));
    wrong.extend(wrong_options(&settings.checks));
    wrong.extend(settings.signals.check());
    wrong.extend(check_watchdog(&settings.watchdog));
    wrong.extend(check_runtime(settings));
    wrong.extend(settings.admin.iter().flat_map(Admin::check));
    wrong.extend(AdminRoute::check(&settings.admin_routes));
    wrong.extend(settings.advertise.check().err());
    wrong.extend(check_registries(settings));
    wrong.extend(check_components(settings));
    wrong
}

/// The limits of the stop and of the app, then those of each hook, resource and last step, which are named with
/// their limit.
fn check_timeouts(settings: &Settings) -> Vec<Error> {
    let of_app = [
        ("start_timeout", settings.start_timeout),
        ("register_timeout", settings.register_timeout),
        ("hook_timeout", settings.hook_timeout),
        ("reload_timeout", settings.reload_timeout),
        ("gate_timeout", settings.gate_timeout),
    ];
    let of_app = of_app.map(|(option, timeout)| check_timeout(option, Some(timeout), ""));
    let of_hooks = settings.hooks.iter().map(|hook| {
        let of = format!(" for the {} hook `{}`", hook.stage, hook.name);
        check_timeout("HookOptions::timeout", hook.options.timeout, &of)
    });
    let of_resources = settings.resources.iter().flat_map(|resource| {
        let (limits, of) = (
            &resource.limits,
            format!(" for the resource `{}`", resource.name),
        );
        [
            check_timeout("ResourceOptions::open_timeout", limits.open, &of),
            check_timeout("ResourceOptions::close_timeout", limits.close, &of),
        ]
    });
    let of_last_steps = settings.last_steps.iter().map(|step| {
        let of = format!(" for the last step `{}`", step.name);
        check_timeout("LastStep::limit", Some(step.limit), &of)
    });
    let of_stop = [check_stop_timeout(settings), check_drain_delay(settings)];
    let all = of_stop.into_iter().chain(of_app);
    let all = all.chain(of_hooks).chain(of_resources).chain(of_last_steps);
    all.flatten().collect()
}

/// Half of it is divided into the reserves of its stages, which have to be more than nothing.
fn check_stop_timeout(settings: &Settings) -> Option<Error> {
    let timeout = settings.stop_timeout;
    let is_wrong = !(SHORTEST_STOP..=LONGEST).contains(&timeout);
    is_wrong.then(|| Error::Option {
        option: "stop_timeout",
        value: format!("{timeout:?}"),
        expected: "at least 1 ms and at most 24 hours",
    })
}

fn check_drain_delay(settings: &Settings) -> Option<Error> {
    let wrong = settings.drain_delay.filter(|delay| *delay > LONGEST)?;
    Some(Error::Option {
        option: "drain_delay",
        value: format!("{wrong:?}"),
        expected: "at most 24 hours",
    })
}

/// `of` says of what, after the value, when there are several.
fn check_timeout(option: &'static str, timeout: Option<Duration>, of: &str) -> Option<Error> {
    let wrong = timeout.filter(|timeout| timeout.is_zero() || *timeout > LONGEST)?;
    Some(Error::Option {
        option,
        value: format!("{wrong:?}{of}"),
        expected: "longer than nothing and at most 24 hours",
    })
}

/// Reports, events and handles name a component, a hook, a check and a registry by its name alone;
/// resources stand in one table with the components.
fn check_names(settings: &Settings) -> Vec<Error> {
    let servers = settings.servers.iter();
    let components = servers.map(|server| (COMPONENT, server.name()));
    let resources = settings.resources.iter();
    let resources = resources.map(|resource| (RESOURCE, resource.name.as_str()));
    let mut wrong = wrong_names(components.chain(resources));
    let mut names = settings.servers.iter().map(|server| server.name());
    if settings.admin.is_some() && names.any(|name| name == ADMIN) {
        wrong.push(Error::DuplicateName {
            name: ADMIN.to_owned(),
            between: "the admin server and a component".to_owned(),
        });
    }
    for stage in [
        HookStage::BeforeStart,
        HookStage::AfterStart,
        HookStage::BeforeStop,
        HookStage::AfterStop,
    ] {
        let hooks = settings.hooks.iter().filter(|hook| hook.stage == stage);
        wrong.extend(wrong_names(
            hooks.map(|hook| (hook_of(stage), hook.name.as_str())),
        ));
    }
    let reload_hooks = settings.reload_hooks.iter();
    wrong.extend(wrong_names(
        reload_hooks.map(|hook| (RELOAD_HOOK, hook.name.as_str())),
    ));
    let last_steps = settings.last_steps.iter();
    wrong.extend(wrong_names(
        last_steps.map(|step| (LAST_STEP, step.name.as_str())),
    ));
    let checks = settings.checks.iter();
    wrong.extend(wrong_names(
        checks.map(|check| (CHECK, check.name.as_str())),
    ));
    let registries = settings.registries.iter().filter_map(Registry::given_name);
    wrong.extend(wrong_names(registries.map(|name| (REGISTRY, name))));
    wrong
}

/// A value is found by its type, among the resources and what the app gives itself.
fn check_types(resources: &[Resource]) -> Vec<Error> {
    let mut seen = vec![
        (None, ValueType::of::<Info>()),
        (None, ValueType::of::<AppHandle>()),
        (None, ValueType::of::<Probes>()),
    ];
    let mut wrong = Vec::new();
    for resource in resources {
        let same = seen.iter().find(|(_, value)| *value == resource.value);
        if let Some((first, value)) = same {
            wrong.push(Error::DuplicateResource {
                value: value.name,
                first: first.map(str::to_owned),
                second: resource.name.clone(),
            });
        }
        seen.push((Some(&resource.name), resource.value));
    }
    wrong
}

/// Limits that name everything, and a watchdog that never looks. A limit without an end is one that
/// nothing exceeds.
fn check_watchdog(options: &WatchdogOptions) -> Vec<Error> {
    let limits = [
        ("WatchdogOptions::poll_limit", options.poll_limit),
        ("WatchdogOptions::tick_limit", options.tick_limit),
    ];
    let limits = limits.into_iter().filter(|(_, limit)| limit.is_zero());
    let limits = limits.map(|(option, limit)| (option, limit, "longer than nothing"));
    let interval = Some(options.interval).filter(|interval| *interval > LONGEST);
    let interval =
        interval.map(|interval| ("WatchdogOptions::interval", interval, "at most 24 hours"));
    let wrong = limits.chain(interval);
    let wrong = wrong.map(|(option, value, expected)| Error::Option {
        option,
        value: format!("{value:?}"),
        expected,
    });
    wrong.collect()
}

/// `App::main` has taken them before, so they are still here when there is no use for them. A test starts
/// the app of a `main`, whose options are to be right.
fn check_runtime(settings: &Settings) -> Vec<Error> {
    match &settings.runtime {
        None => Vec::new(),
        Some(options) if settings.free_ports => options.check(),
        Some(_) => vec![Error::Option {
            option: "runtime",
            value: "set on an app that is run in another runtime".to_owned(),
            expected: "left out, or the app run by `App::main`",
        }],
    }
}

fn check_registries(settings: &Settings) -> impl Iterator<Item = Error> {
    let urls = settings.registries.iter().filter_map(Registry::url);
    urls.filter_map(|url| settings.schemes.check(url).err().map(Error::Registry))
}

fn check_components(settings: &Settings) -> impl Iterator<Item = Error> {
    settings.servers.iter().flat_map(|server| {
        let sources = server
            .check()
            .map_or_else(WrongOptions::all_of, |()| Vec::new());
        let errors = sources.into_iter().map(|source| Error::Component {
            component: server.name().to_owned(),
            source,
        });
        errors.collect::<Vec<_>>()
    })
}
