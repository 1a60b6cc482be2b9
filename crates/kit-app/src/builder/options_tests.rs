//! Each key of a file ends in the builder, and the defaults of both are the same.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::{Policy, ResourceLimits, Restarts, Signal, from_settings};

/// Every key, with another value than by default.
const FILE: &str = r#"
    id = "orders-1"
    metadata = { zone = "sh001" }
    drain_delay = "1s"
    run_watchdog = "reports"
    event_delivery = { queued = { capacity = 2 } }
    termination_message = "/tmp/why"

    [timeouts]
    start = "3s"
    hook = "4s"
    reload = "5s"
    gate = "6s"
    register = "7s"
    stop = "8s"

    [registration]
    registries = ["memory://", "etcd://user:s3cret@127.0.0.1:2379"]
    at_start = "background"
    endpoints = ["https://orders.example.org:443"]
    advertise_host = "10.0.0.7"
    cache_dir = "/var/cache/orders"

    [admin]
    listen = "localhost:9099"
    token = "t0ken"

    [runtime]
    current_thread = true
    worker_threads = 9
    blocking_threads = 10
    thread_name = "orders"

    [watchdog]
    poll_limit = "11s"
    tick_limit = "12s"
    overdue_after = "13s"
    interval = "14s"

    [signals]
    stop = ["SIGQUIT"]
    interrupt = ["TERM", 34]
    force = ["INT"]
    reload = []
    dump = ["SIGUSR2", "SIGHUP"]
"#;

/// Everything that options can change.
fn shown(app: &AppBuilder) -> Vec<(&'static str, String)> {
    let (of, identity) = (&app.settings, &app.identity);
    let registries = of.registries.iter().map(|registry| registry.url());
    vec![
        ("id", format!("{:?}", identity.id)),
        ("metadata", format!("{:?}", identity.metadata)),
        ("start", format!("{:?}", of.start_timeout)),
        ("hook", format!("{:?}", of.hook_timeout)),
        ("reload", format!("{:?}", of.reload_timeout)),
        ("gate", format!("{:?}", of.gate_timeout)),
        ("register", format!("{:?}", of.register_timeout)),
        ("stop", format!("{:?}", of.stop_timeout)),
        ("drain_delay", format!("{:?}", of.drain_delay)),
        (
            "registries",
            format!("{:?}", registries.collect::<Vec<_>>()),
        ),
        ("at_start", format!("{:?}", of.register_at_start)),
        ("endpoints", format!("{:?}", of.advertise.endpoints)),
        ("host", format!("{:?}", of.advertise.host)),
        ("cache_dir", format!("{:?}", of.cache_dir)),
        ("admin", format!("{:?}", of.admin)),
        ("runtime", format!("{:?}", of.runtime)),
        ("watchdog", format!("{:?}", of.watchdog)),
        ("run_watchdog", format!("{:?}", of.run_watchdog)),
        ("signals", format!("{:?}", of.signals)),
        ("event_delivery", format!("{:?}", app.delivery)),
        (
            "termination_message",
            format!("{:?}", of.termination_message),
        ),
    ]
}

#[test]
fn every_key_of_a_file_ends_in_the_builder() {
    let options: AppOptions = toml::from_str(FILE).unwrap();
    let by_file = App::builder("orders").apply(from_settings(&options));
    let seconds = Duration::from_secs;
    let by_hand = App::builder("orders")
        .id("orders-1")
        .metadata("zone", "sh001")
        .start_timeout(seconds(3))
        .hook_timeout(seconds(4))
        .reload_timeout(seconds(5))
        .gate_timeout(seconds(6))
        .register_timeout(seconds(7))
        .stop_timeout(seconds(8))
        .drain_delay(seconds(1))
        .registry("memory://")
        .registry("etcd://user:s3cret@127.0.0.1:2379")
        .register_at_start(crate::RegisterAtStart::Background)
        .endpoint("https://orders.example.org:443".parse().unwrap())
        .advertise_host("10.0.0.7")
        .cache_dir("/var/cache/orders")
        .admin(crate::Admin::new("localhost:9099").token("t0ken"))
        .runtime(RuntimeOptions {
            current_thread: true,
            worker_threads: Some(9),
            blocking_threads: Some(10),
            thread_name: Some("orders".to_owned()),
        })
        .watchdog(WatchdogOptions {
            poll_limit: seconds(11),
            tick_limit: seconds(12),
            overdue_after: seconds(13),
            interval: seconds(14),
        })
        .run_watchdog(RunWatchdog::Reports)
        .signals(
            crate::Signals::os()
                .stop([Signal::QUIT])
                .interrupt([Signal::TERM, Signal::from(34)])
                .force([Signal::INT])
                .reload([] as [Signal; 0])
                .dump([Signal::USR2, Signal::HUP]),
        )
        .event_delivery(Delivery::Queued { capacity: 2 })
        .termination_message("/tmp/why");
    let default = App::builder("orders");
    let (by_file, by_hand, default) = (shown(&by_file), shown(&by_hand), shown(&default));
    assert_eq!(by_file, by_hand);
    for (set, default) in by_file.iter().zip(&default) {
        assert_ne!(set, default, "the file has the default");
    }
}

#[test]
fn the_defaults_of_a_file_are_those_of_the_builder() {
    let empty: AppOptions = toml::from_str("").unwrap();
    let default = shown(&App::builder("orders"));
    assert_eq!(shown(&App::builder("orders").options(&empty)), default);
    let options = AppOptions::default();
    assert_eq!(shown(&App::builder("orders").options(&options)), default);
}

/// Every key that the schema knows is in the file of the first test.
#[test]
fn the_file_of_these_tests_has_every_key_of_the_schema() {
    let schema = schemars::schema_for!(AppOptions).to_value();
    let file: Value = serde_json::to_value(toml::from_str::<toml::Table>(FILE).unwrap()).unwrap();
    let mut keys = Vec::new();
    collect(&schema, &schema, "", &mut keys);
    assert!(keys.len() > 25, "{keys:?}");
    for key in keys {
        // A map has keys of its users, and a variant's are alternatives.
        let known = file.pointer(&key).is_some() || key.starts_with("/admin/");
        assert!(known, "{key} is not in the file");
    }
}

/// The paths of all properties, with their descriptions, which are not empty.
fn collect(root: &Value, schema: &Value, at: &str, keys: &mut Vec<String>) {
    let properties = schema["properties"].as_object();
    for (key, property) in properties.into_iter().flatten() {
        let path = format!("{at}/{key}");
        let mut target = property;
        let candidates = property["anyOf"].as_array();
        let references = candidates.into_iter().flatten().chain([property]);
        for reference in references.filter_map(|one| one["$ref"].as_str()) {
            target = root.pointer(&reference[1..]).expect("a definition");
            collect(root, target, &path, keys);
        }
        let text = [property, target].map(|one| one["description"].as_str().unwrap_or_default());
        assert!(
            text.iter().any(|text| text.len() > 10),
            "{path}: {property}"
        );
        keys.push(path);
    }
}

#[test]
fn options_are_written_without_secrets_and_read_again() {
    let options: AppOptions = toml::from_str(FILE).unwrap();
    let shown_options = format!("{options:?}");
    assert!(!shown_options.contains("s3cret"), "{shown_options}");
    assert!(!shown_options.contains("t0ken"), "{shown_options}");
    let written = toml::to_string(&options).unwrap();
    assert!(!written.contains("t0ken"), "{written}");
    let again: AppOptions = toml::from_str(&written).unwrap();
    let again = App::builder("orders").options(&again);
    let first = App::builder("orders").options(&options);
    for (first, again) in shown(&first).iter().zip(&shown(&again)) {
        if first.0 != "admin" {
            assert_eq!(first, again);
        }
    }
    let short: AppOptions = toml::from_str("admin = 'localhost:9099'").unwrap();
    let admin = format!("{:?}", short.admin);
    assert!(admin.contains("Localhost(9099)"), "{admin}");
}

#[test]
fn signals_keep_their_source_and_get_their_roles() {
    let options: AppOptions = toml::from_str("signals = { stop = ['INT'] }").unwrap();
    let app = App::builder("orders")
        .signals(crate::Signals::none())
        .options(&options);
    let by_hand = crate::Signals::none().stop([Signal::INT]);
    assert_eq!(
        format!("{:?}", app.settings.signals),
        format!("{by_hand:?}")
    );
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    for (text, says) in [
        ("timeouts = { stop = 8 }", "write \"8s\""),
        (
            "timeouts = { stopp = '8s' }",
            "unknown field `stopp`, expected one of",
        ),
        ("name = 'orders'", "unknown field `name`"),
        ("drain_delay = 'off'", "or leave the key out"),
        (
            "registration = { at_start = 'Required' }",
            "expected `required` or `background`",
        ),
        (
            "registration = { endpoints = ['orders:80'] }",
            "scheme://host:port",
        ),
        (
            "signals = { stop = ['SIGTREM'] }",
            "\"SIGTREM\" is no signal: write a signal by its name",
        ),
        (
            "signals = { stop = ['sigterm'] }",
            "\"sigterm\" is no signal",
        ),
        ("signals = { stop = [0] }", "0 is no signal"),
        (
            "admin = 9090",
            "expected an address such as \"localhost:9090\", or a table",
        ),
        ("admin = { token = 'x' }", "missing field `listen`"),
        ("admin = { listen = 'greeter:80' }", "`greeter` is a name"),
        (
            "event_delivery = 'later'",
            "unknown variant `later`, expected `queued` or `inline`",
        ),
        (
            "event_delivery = { queued = { capacity = 1, more = 2 } }",
            "unknown field `more`, expected `capacity`",
        ),
    ] {
        let error = toml::from_str::<AppOptions>(text).unwrap_err();
        assert!(error.message().contains(says), "{text}: {error}");
    }
}

fn same<T: serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug>(
    text: &str,
    expected: &T,
) {
    let read: T = toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(read, *expected);
    let written = toml::to_string(&read).unwrap();
    let again: T = toml::from_str(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(again, *expected, "{written}");
}

#[test]
fn options_of_components_hooks_and_checks_are_read_and_written() {
    let seconds = Duration::from_secs;
    same("", &HookOptions::new());
    same("timeout = '3s'", &HookOptions::new().timeout(seconds(3)));
    same("", &ResourceLimits::default());
    let limits = ResourceLimits {
        open: Some(seconds(3)),
        close: Some(seconds(4)),
    };
    same("open = '3s'\nclose = '4s'", &limits);
    same("", &CheckOptions::new());
    let check = CheckOptions::new()
        .period(seconds(3))
        .timeout(seconds(4))
        .failure_threshold(5)
        .success_threshold(6)
        .informational();
    let text = "period = '3s'\ntimeout = '4s'\nfailure_threshold = 5\nsuccess_threshold = 6\n\
                required = false";
    same(text, &check);
    same("period = '3s'", &Every::new(seconds(3)));
    let every = Every::new(seconds(3)).jitter(seconds(1)).after_one_period();
    same(
        "period = '3s'\njitter = '1s'\nfirst_at_once = false",
        &every,
    );
    same(
        "limit = 5\nperiod = '1m'",
        &Restarts::at_most(5, seconds(60)),
    );
    let restarts = Restarts::at_most(5, seconds(60))
        .delays(seconds(1), seconds(2))
        .without_jitter();
    let text = "limit = 5\nperiod = '1m'\nfirst_delay = '1s'\nlongest_delay = '2s'\njitter = false";
    same(text, &restarts);
    same("", &WorkerOptions::new());
    let worker = WorkerOptions::new()
        .phase(crate::Phase::new(150))
        .policy(Policy::Restart(restarts))
        .restart_limit(seconds(3))
        .auxiliary()
        .awaited();
    let text = "phase = 150\npolicy = { restart = { limit = 5, period = '1m', first_delay = '1s', \
                longest_delay = '2s', jitter = false } }\nrestart_limit = '3s'\nauxiliary = true\n\
                awaited = 'hook-timeout'";
    same(text, &worker);
    let awaited = WorkerOptions::new()
        .policy(Policy::Ignore)
        .awaited_for(seconds(9));
    same(
        "policy = 'ignore'\nawaited = '9s'\nphase = 'workers'",
        &awaited,
    );
    for (text, says) in [
        (
            "awaited = '9'",
            "write \"9s\" for seconds, \"9ms\" for milliseconds, or \"hook-timeout\", or \"off\"",
        ),
        (
            "policy = 'restart'",
            "write such as { restart = { limit = 5, period = \"1m\" } }",
        ),
        (
            "policy = 'halt'",
            "unknown variant `halt`, expected one of `stop`, `restart`, `ignore`",
        ),
        ("policy = { restrt = {} }", "unknown variant `restrt`"),
        ("policy = 5", "expected \"stop\", \"ignore\", or such as"),
        (
            "policy = { restart = { limit = 5 } }",
            "missing field `period`",
        ),
        ("awated = 'off'", "unknown field `awated`"),
    ] {
        let error = toml::from_str::<WorkerOptions>(text).unwrap_err();
        assert!(error.message().contains(says), "{text}: {error}");
    }
    assert_eq!(
        serde_json::to_value(crate::DrainProfile::Kubernetes).unwrap(),
        "kubernetes"
    );
}

#[test]
fn the_schemas_of_components_have_their_ranges_and_defaults() {
    let check = schemars::schema_for!(CheckOptions).to_value();
    assert_eq!(check["properties"]["failure_threshold"]["minimum"], 1);
    assert_eq!(check["properties"]["period"]["default"], "10s");
    let worker = schemars::schema_for!(WorkerOptions).to_value();
    assert_eq!(worker["properties"]["awaited"]["default"], "off");
    assert_eq!(worker["properties"]["policy"]["default"], "stop");
    let runtime = schemars::schema_for!(RuntimeOptions).to_value();
    assert_eq!(runtime["properties"]["worker_threads"]["maximum"], 1024);
    for schema in [
        check,
        worker,
        schemars::schema_for!(Every).to_value(),
        schemars::schema_for!(Restarts).to_value(),
        schemars::schema_for!(HookOptions).to_value(),
        schemars::schema_for!(ResourceLimits).to_value(),
    ] {
        let mut keys = Vec::new();
        collect(&schema, &schema, "", &mut keys);
        assert!(!keys.is_empty());
    }
}
