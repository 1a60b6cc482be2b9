//! What can be known to be wrong before anything of an app begins.

use kit_transport::Probes;

use crate::admin::{Admin, AdminRoute};
use crate::bounds::refuse_timeout;
use crate::health::wrong_options;
use crate::names::{
    CHECK, COMPONENT, LAST_STEP, REGISTRY, RELOAD_HOOK, RESOURCE, hook_of, wrong_names,
};
use crate::options::refuse_drain_delay;
use crate::orchestrator::refuse_termination_message;
use crate::registration::{Registry, refuse_cache_dir, refuse_host};
use crate::resource::{Resource, ValueType};
use crate::settings::Settings;
use crate::wrong_options::WrongOptions;
use crate::{AppHandle, Error, HookStage, Info, Notifier};

/// The name of the admin server, which clients of a test and errors know it by.
const ADMIN: &str = "admin";

/// Every option that is wrong, so that one run finds all of them.
pub(super) fn check(settings: &Settings, info: &Info) -> Vec<Error> {
    let mut wrong: Vec<Error> = info.instance().err().into_iter().collect();
    wrong.extend(check_timeouts(settings));
    wrong.extend(check_names(settings));
    wrong.extend(check_types(&settings.resources));
    wrong.extend(wrong_options(&settings.checks));
    wrong.extend(settings.signals.check());
    let watchdog = settings.watchdog.check();
    wrong.extend(Error::of_options("WatchdogOptions", watchdog));
    wrong.extend(check_runtime(settings));
    wrong.extend(settings.admin.iter().flat_map(Admin::errors));
    wrong.extend(AdminRoute::check(&settings.admin_routes));
    let host = settings.advertise.host.as_deref().and_then(refuse_host);
    wrong.extend(host.map(Error::Option));
    let cache_dir = settings.cache_dir.as_deref().and_then(refuse_cache_dir);
    wrong.extend(cache_dir.map(Error::Option));
    let notifier = settings.notifier.as_ref();
    wrong.extend(
        notifier
            .and_then(Notifier::refuse_address)
            .map(Error::Option),
    );
    let message = settings.termination_message.as_deref();
    let message = message.and_then(refuse_termination_message);
    wrong.extend(message.map(Error::Option));
    wrong.extend(check_registries(settings));
    wrong.extend(check_components(settings));
    wrong
}

/// The limits of the stop and of the app, then those of each hook, resource and last step, which are named with
/// their limit.
fn check_timeouts(settings: &Settings) -> Vec<Error> {
    let of_app = settings.timeouts().check().into_iter().map(|wrong| {
        let method = format!("{}_timeout", wrong.key());
        Error::Option(wrong.named(method))
    });
    let drain_delay = settings.drain_delay.and_then(refuse_drain_delay);
    let of_hooks = settings.hooks.iter().flat_map(|hook| {
        let of = format!(" for the {} hook `{}`", hook.stage, hook.name);
        let wrong = hook.options.check().into_iter();
        Error::of_options("HookOptions", wrong.map(move |wrong| wrong.of(&of)))
    });
    let of_resources = settings.resources.iter().flat_map(|resource| {
        let of = format!(" for the resource `{}`", resource.name);
        let wrong = resource.limits.check().into_iter();
        wrong.map(move |wrong| {
            let method = format!("ResourceOptions::{}_timeout", wrong.key());
            Error::Option(wrong.named(method).of(&of))
        })
    });
    let of_last_steps = settings.last_steps.iter().filter_map(|step| {
        let wrong = refuse_timeout("LastStep::limit", step.limit)?;
        Some(Error::Option(
            wrong.of(&format!(" for the last step `{}`", step.name)),
        ))
    });
    let all = of_app.chain(drain_delay.map(Error::Option));
    all.chain(of_hooks)
        .chain(of_resources)
        .chain(of_last_steps)
        .collect()
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

/// `App::main` has taken them before, so they are still here when there is no use for them. A test starts
/// the app of a `main`, whose options are to be right.
fn check_runtime(settings: &Settings) -> Vec<Error> {
    match &settings.runtime {
        None => Vec::new(),
        Some(options) if settings.free_ports => {
            Error::of_options("RuntimeOptions", options.check()).collect()
        }
        Some(_) => {
            let value = "set on an app that is run in another runtime";
            let expected = "left out, or the app run by `App::main`";
            vec![Error::option("runtime", value, expected)]
        }
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
