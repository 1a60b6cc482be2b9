//! What `check` says of options is what an app says of them before it starts.

use std::collections::BTreeSet;

use kit_app::{App, AppOptions, CheckOptions, Every, HookOptions, ResourceLimits, WorkerOptions};
use kit_app::{RunError, from_settings};
use kit_registry::{Memory, RegistryUrl, Schemes};
use kit_units::WrongOption;
use serde_json::Value;
use toml::Table;

/// A key, a value, and the key at fault; an empty one if the value is right.
type Row = (&'static str, &'static str, &'static str);

const APP: &[Row] = &[
    ("id", "''", "id"),
    ("id", "'a/b'", "id"),
    ("id", "'orders-1'", ""),
    ("timeouts.stop", "'0s'", "timeouts.stop"),
    ("timeouts.stop", "'999us'", "timeouts.stop"),
    ("timeouts.stop", "'1d 1ns'", "timeouts.stop"),
    ("timeouts.stop", "'1d'", ""),
    ("timeouts.start", "'0s'", "timeouts.start"),
    ("timeouts.start", "'2d'", "timeouts.start"),
    ("timeouts.start", "'1d'", ""),
    ("timeouts.hook", "'0s'", "timeouts.hook"),
    ("timeouts.hook", "'1ns'", ""),
    ("timeouts.reload", "'0s'", "timeouts.reload"),
    ("timeouts.reload", "'1ns'", ""),
    ("timeouts.gate", "'0s'", "timeouts.gate"),
    ("timeouts.gate", "'1d'", ""),
    ("timeouts.register", "'100d'", "timeouts.register"),
    ("timeouts.register", "'1d'", ""),
    ("drain_delay", "'100d'", "drain_delay"),
    ("drain_delay", "'0s'", ""),
    (
        "registration.registries",
        "['memory:', 'bogus://x']",
        "registration.registries[1]",
    ),
    (
        "registration.registries",
        "['memory:x']",
        "registration.registries[0]",
    ),
    (
        "registration.registries",
        "['']",
        "registration.registries[0]",
    ),
    (
        "registration.registries",
        "['orders:s3cret']",
        "registration.registries[0]",
    ),
    ("registration.registries", "['memory:']", ""),
    (
        "registration.advertise_host",
        "'http://orders'",
        "registration.advertise_host",
    ),
    ("registration.advertise_host", "'10.0.0.7'", ""),
    ("registration.cache_dir", "''", "registration.cache_dir"),
    (
        "registration.cache_dir",
        "'var/cache'",
        "registration.cache_dir",
    ),
    (
        "registration.cache_dir",
        "'/dev/null'",
        "registration.cache_dir",
    ),
    ("registration.cache_dir", "'/nowhere/yet'", ""),
    ("admin.token", "''", "admin.token"),
    ("admin.token", "'s3cret s3cret'", "admin.token"),
    ("admin.token", "'t0ken'", ""),
    (
        "admin.listen",
        "{ address = 'localhost:0', keep_alive = '1ms' }",
        "admin.listen.keep_alive",
    ),
    (
        "admin.listen",
        "{ address = 'localhost:0', backlog = 0 }",
        "",
    ),
    ("watchdog.poll_limit", "'0s'", "watchdog.poll_limit"),
    ("watchdog.poll_limit", "'100d'", ""),
    ("watchdog.tick_limit", "'0s'", "watchdog.tick_limit"),
    ("watchdog.tick_limit", "'100d'", ""),
    ("watchdog.overdue_after", "'0s'", ""),
    ("watchdog.interval", "'2d'", "watchdog.interval"),
    ("watchdog.interval", "'1d'", ""),
    ("signals.stop", "['SIGTERM', 'SIGKILL']", "signals.stop[1]"),
    ("signals.stop", "[99]", "signals.stop[0]"),
    ("signals.dump", "['SIGTERM']", "signals.dump[0]"),
    ("signals.reload", "[]", ""),
    ("event_delivery.queued.capacity", "0", ""),
    ("termination_message", "'why'", "termination_message"),
    ("termination_message", "'/'", "termination_message"),
    ("termination_message", "'/tmp/why'", ""),
];

/// An app that is run in a runtime has no other one, so these are looked at by `check` alone.
const RUNTIME: &[Row] = &[
    ("runtime.worker_threads", "0", "runtime.worker_threads"),
    ("runtime.worker_threads", "1025", "runtime.worker_threads"),
    ("runtime.worker_threads", "1024", ""),
    ("runtime.blocking_threads", "0", "runtime.blocking_threads"),
    ("runtime.blocking_threads", "65536", ""),
    ("runtime.thread_name", "''", "runtime.thread_name"),
];

fn table((key, value, _): Row) -> Table {
    let mut text = format!("{key} = {value}\n");
    if key.starts_with("admin.") && key != "admin.listen" {
        text += "admin.listen = 'localhost:0'\n";
    }
    text.parse().expect("TOML")
}

fn keys(wrong: &[WrongOption]) -> Vec<&str> {
    wrong.iter().map(WrongOption::key).collect()
}

/// What refuses an app with these options, if anything does; it is stopped at once otherwise.
async fn refusals(options: &AppOptions) -> Vec<String> {
    let app = App::builder("orders").apply(from_settings(options));
    let app = app
        .signals(kit_app::Signals::none().options(&options.signals))
        .build();
    app.handle().stop("it has started");
    let ended = app.run().await;
    ended
        .err()
        .map_or_else(Vec::new, |error: RunError| error.report().failures.clone())
}

#[tokio::test]
async fn what_the_check_names_is_what_the_app_refuses() {
    for row in APP {
        let (key, value, fault) = *row;
        let options: AppOptions = table(*row).try_into().expect("options");
        let wrong = options.check();
        let expected: &[&str] = if fault.is_empty() { &[] } else { &[fault] };
        assert_eq!(keys(&wrong), expected, "{key} = {value}");
        let refused = refusals(&options).await;
        assert_eq!(refused.len(), wrong.len(), "{key} = {value}: {refused:?}");
        for (wrong, refused) in wrong.iter().zip(&refused) {
            // The same words, by the names that the author of an app knows.
            let said = wrong.expected().rsplit(": ").next().expect("a part");
            let said = if fault == "id" {
                wrong.expected()
            } else {
                said
            };
            assert!(refused.contains(said), "{wrong}, and {refused}");
            let shown = format!("{wrong} {refused}");
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_url_of_a_plug_in_is_checked_on_the_load_and_before_the_start() {
    fn add_to(schemes: &mut Schemes) {
        let check = |url: &str| RegistryUrl::parse(url)?.addresses(80).map(drop);
        schemes.add_checked("paper", check, |_url, scope| Ok(Memory::new().open(scope)));
    }
    for (url, fault) in [
        ("paper://h:1", None),
        (
            "paper://h:0",
            Some("host:port with a port from 1 to 65535, not \"h:0\""),
        ),
        ("papre://h:1", Some("did you mean paper? known are ")),
    ] {
        let mut options = AppOptions::default();
        options.registration.registries = vec![url.to_owned()];
        let checked = options.check_with(add_to);
        let app = App::builder("orders").schemes(add_to);
        let app = app.apply(from_settings(&options)).build();
        app.handle().stop("it has started");
        let ended = app.run().await;
        let Some(fault) = fault else {
            assert_eq!(checked, []);
            ended.expect("it is right");
            continue;
        };
        assert_eq!(keys(&checked), ["registration.registries[0]"]);
        assert!(checked[0].expected().contains(fault), "{}", checked[0]);
        let refused = ended.expect_err("it is refused").to_string();
        assert!(refused.contains(fault), "{refused}");
    }
}

#[test]
fn options_of_the_runtime_are_checked() {
    for row in RUNTIME {
        let options: AppOptions = table(*row).try_into().expect("options");
        let expected: &[&str] = if row.2.is_empty() { &[] } else { &[row.2] };
        assert_eq!(keys(&options.check()), expected, "{row:?}");
    }
}

#[tokio::test]
async fn every_pair_of_rows_has_the_faults_of_both() {
    let rows: Vec<_> = APP.iter().step_by(3).collect();
    for (at, first) in rows.iter().enumerate() {
        for second in &rows[at + 1..] {
            let mut both = table(**first);
            let is_apart = first.0.split('.').next() != second.0.split('.').next();
            if !is_apart {
                continue;
            }
            both.extend(table(**second));
            let options: AppOptions = both.try_into().expect("options");
            let wrong = options.check();
            let faults = [first.2, second.2]
                .into_iter()
                .filter(|fault| !fault.is_empty());
            let faults: BTreeSet<_> = faults.collect();
            assert_eq!(keys(&wrong).into_iter().collect::<BTreeSet<_>>(), faults);
            if !faults.is_empty() {
                let refused = refusals(&options).await;
                assert_eq!(refused.len(), wrong.len(), "{wrong:?}: {refused:?}");
            }
        }
    }
}

#[test]
fn options_of_components_are_checked() {
    fn check<T: serde::de::DeserializeOwned>(
        text: &str,
        check: impl Fn(&T) -> Vec<WrongOption>,
        expected: &[&str],
    ) {
        let options: T = toml::from_str(text).expect(text);
        assert_eq!(keys(&check(&options)), expected, "{text}");
    }
    let day = "period = '1s'\njitter = '1s'";
    check(day, Every::check, &["jitter"]);
    check("period = '366d'", Every::check, &["period"]);
    check("period = '365d'\njitter = '364d'", Every::check, &[]);
    check("timeout = '0s'", HookOptions::check, &["timeout"]);
    check("timeout = '1d'", HookOptions::check, &[]);
    check(
        "open = '0s'\nclose = '2d'",
        ResourceLimits::check,
        &["open", "close"],
    );
    check("open = '1ns'\nclose = '1d'", ResourceLimits::check, &[]);
    let health = "period = '9ms'\ntimeout = '0s'\nfailure_threshold = 0\nsuccess_threshold = 0";
    let all = [
        "period",
        "timeout",
        "failure_threshold",
        "success_threshold",
    ];
    check(health, CheckOptions::check, &all);
    check("period = '10ms'\ntimeout = '1d'", CheckOptions::check, &[]);
    let worker = "restart_limit = '0s'\nawaited = '366d'\npolicy = { restart = { limit = 0, \
                  period = '0s', first_delay = '2s', longest_delay = '1s' } }";
    let all = [
        "policy.restart.limit",
        "policy.restart.period",
        "policy.restart.longest_delay",
        "restart_limit",
        "awaited",
    ];
    check(worker, WorkerOptions::check, &all);
    let worker = "policy = { restart = { limit = 1, period = '365d', longest_delay = '365d' } }";
    check(worker, WorkerOptions::check, &[]);
}

/// A key of the schema that has a number or a duration is in a table above.
#[test]
fn every_option_with_a_number_or_a_duration_has_a_row() {
    let schema = schemars::schema_for!(AppOptions).to_value();
    let mut found = BTreeSet::new();
    collect(&schema, &schema, "", &mut found);
    assert!(found.len() > 12, "{found:?}");
    for key in found.iter().filter(|key| !key.starts_with("admin.listen.")) {
        let is_row = |row: &&Row| row.0 == key;
        assert!(APP.iter().chain(RUNTIME).any(|row| is_row(&row)), "{key}");
    }
}

fn collect(root: &Value, schema: &Value, at: &str, keys: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(&reference[1..]).expect("a definition");
        return collect(root, target, at, keys);
    }
    let types = schema["type"].as_array().cloned();
    let types = types.unwrap_or_else(|| vec![schema["type"].clone()]);
    let is_duration = schema["x-kit-unit"] == "duration" || schema["x-kit-unit"] == "limit";
    let is_of_list = at.starts_with("signals.");
    if is_duration || (types.iter().any(|one| one == "integer") && !is_of_list) {
        keys.insert(at.to_owned());
    }
    for branch in ["anyOf", "oneOf", "allOf"] {
        for one in schema[branch].as_array().into_iter().flatten() {
            collect(root, one, at, keys);
        }
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if at.is_empty() { "" } else { "." };
        collect(root, property, &format!("{at}{dot}{key}"), keys);
    }
}
