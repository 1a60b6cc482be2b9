//! Options that are wrong: all of them are found, before anything begins.

use std::time::Duration;

use kit_app::{
    AppBuilder, CheckOptions, Error, Every, HookOptions, Policy, ResourceOptions, Restarts,
    RuntimeOptions, Signals, WatchdogOptions, WorkerGroup, WorkerOptions,
};

use crate::fakes::{Fake, FakeRegistry, Record, app, assert_nothing_alive};
use crate::workers::{End, restarts, runs};

/// The lines of the refusal of an app with these options, and of what it has recorded.
async fn lines(with: impl FnOnce(AppBuilder) -> AppBuilder) -> (Vec<String>, Record) {
    let record = Record::default();
    let app = app(&record).0.apply(with).build();
    let handle = app.handle();
    let (ended, ()) = tokio::join!(app.run(), async {
        if handle.started().await.is_ok() {
            handle.stop("it was not refused");
        }
    });
    let error = ended.expect_err("it is refused");
    let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), error.report().failures.len(), "one line each");
    assert_eq!(error.exit_code(), 1);
    assert!(!record.has("entered starting"));
    assert_nothing_alive();
    (lines, record)
}

/// A function without effect.
macro_rules! nothing {
    () => {
        |_| async { Ok(()) }
    };
}

#[tokio::test(start_paused = true)]
async fn all_of_them_are_found_at_once_each_in_a_line_and_an_event() {
    let with = |app: AppBuilder| {
        let no_time = HookOptions::new().timeout(Duration::ZERO);
        let no_close = ResourceOptions::new().close_timeout(Duration::ZERO);
        let hasty = CheckOptions::new()
            .period(Duration::ZERO)
            .failure_threshold(0);
        app.id("")
            .stop_timeout(Duration::ZERO)
            .gate_timeout(Duration::MAX)
            .before_start_with("migrate", no_time, nothing!())
            .resource_with("db", no_close, async |_| Ok(1_u8), nothing!())
            .resource("cache", async |_| Ok(2_u8), nothing!())
            .check_with("", hasty, nothing!())
            .signals(Signals::none().stop([9]))
            .runtime(RuntimeOptions::default())
            .advertise_host("http://orders")
            .registry("nowhere://orders")
            .registry("no scheme")
            .every("sweep", Duration::ZERO, nothing!())
            .every("dust", Duration::MAX, nothing!())
    };
    let (lines, record) = lines(with).await;
    let day = "it has to be longer than 0s and at most 1d";
    let year = "it has to be longer than 0s and at most 365d";
    let max = "213503982334601d 7h 15s 999ms 999us 999ns";
    let expected = [
        "the app cannot be described: id of an instance must be at least one character, not \"\"",
        "option `stop_timeout` is 0s: it has to be from 1ms to 1d",
        &format!("option `gate_timeout` is {max}: {day}"),
        &format!("option `HookOptions::timeout` is 0s for the before_start hook `migrate`: {day}"),
        &format!("option `ResourceOptions::close_timeout` is 0s for the resource `db`: {day}"),
        "the name of a check is empty: give it a name, such as `orders`",
        "the resource `db` and the resource `cache` both give a `u8`, and a value is found by its \
         type: wrap that of `cache` in another type",
        "option `CheckOptions::period` is 0s for the check ``: it has to be from 10ms to 1d",
        "option `CheckOptions::failure_threshold` is 0 for the check ``: it has to be 1 or more",
        "option `signals` is SIGKILL as stop: it has to be a signal that can be caught",
        "option `runtime` is set on an app that is run in another runtime: it has to be left out, or \
         the app run by `App::main`",
        "option `advertise_host` is \"http://orders\": it has to be a host name or an IP address, \
         without scheme, port or spaces",
        "a registry could not be opened: unknown registry scheme \"nowhere\" in nowhere://orders, \
         known are ",
        "a registry could not be opened: registry URL \"no scheme\" has no scheme",
        &format!("sweep cannot be started: option `Every::period` is 0s: {year}"),
        &format!("dust cannot be started: option `Every::period` is {max}: {year}"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        let line = line.strip_prefix("  also: ").unwrap_or(line);
        assert!(line.starts_with(expected), "{line}\n{expected}");
        assert!(record.has(&format!("failed: {line}")), "{line}");
    }
    assert!(!lines[0].starts_with(' ') && lines[1].starts_with("  also: "));
}

type With = fn(AppBuilder) -> AppBuilder;

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_seen_is_refused_of_whatever_it_is_the_name() {
    let parts: [(&str, With); 13] = [
        ("a component", |app| app.server(Fake::new(""))),
        ("a component", |app| app.worker("", runs([End::Cancelled]))),
        ("a component", |app| app.job("", runs([End::Ok]))),
        ("a component", |app| {
            app.every("", Duration::from_secs(1), nothing!())
        }),
        ("a component", |app| {
            let group = WorkerGroup::one_for_all("", restarts(1));
            app.worker_group(group.worker("a", runs([End::Cancelled])))
        }),
        ("a resource", |app| {
            app.resource("", async |_| Ok(1_u8), nothing!())
        }),
        ("a before_start hook", |app| {
            app.before_start("", nothing!())
        }),
        ("an after_start hook", |app| app.after_start("", nothing!())),
        ("a before_stop hook", |app| app.before_stop("", nothing!())),
        ("an after_stop hook", |app| app.after_stop("", nothing!())),
        ("a reload hook", |app| app.on_reload("", nothing!())),
        ("a check", |app| app.check("", nothing!())),
        ("a registry", |app| {
            app.registrar("", FakeRegistry::default())
        }),
    ];
    for (of, with) in parts {
        let (lines, _) = lines(with).await;
        let expected = format!("the name of {of} is empty: give it a name, such as `orders`");
        assert_eq!(lines, [expected]);
    }
    let in_group = |app: AppBuilder| {
        let group = WorkerGroup::one_for_all("ingest", restarts(1));
        app.worker_group(group.worker("a\nb", runs([End::Cancelled])))
    };
    let expected = "ingest cannot be started: the name of a worker of the group is \"a\\nb\": it has to \
                    be visible text in one line, such as `orders`";
    assert_eq!(lines(in_group).await.0, [expected]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_two_have_is_refused_where_the_report_would_not_tell_them_apart() {
    let parts: [(&str, With); 9] = [
        ("two components", |app| {
            app.server(Fake::new("a"))
                .worker("a", runs([End::Cancelled]))
        }),
        ("two resources", |app| {
            app.resource("a", async |_| Ok(1_u8), nothing!()).resource(
                "a",
                async |_| Ok(1_u16),
                nothing!(),
            )
        }),
        ("a component and a resource", |app| {
            app.server(Fake::new("a"))
                .resource("a", async |_| Ok(1_u8), nothing!())
        }),
        ("two before_start hooks", |app| {
            app.before_start("a", nothing!())
                .before_start("a", nothing!())
        }),
        ("two after_start hooks", |app| {
            app.after_start("a", nothing!())
                .after_start("a", nothing!())
        }),
        ("two before_stop hooks", |app| {
            app.before_stop("a", nothing!())
                .before_stop("a", nothing!())
        }),
        ("two after_stop hooks", |app| {
            app.after_stop("a", nothing!()).after_stop("a", nothing!())
        }),
        ("two reload hooks", |app| {
            app.on_reload("a", nothing!()).on_reload("a", nothing!())
        }),
        ("two registries", |app| {
            app.registrar("a", FakeRegistry::default())
                .registrar("a", FakeRegistry::default())
        }),
    ];
    for (between, with) in parts {
        let (lines, _) = lines(with).await;
        let expected = format!("there are {between} named `a`: give one of them another name");
        assert_eq!(lines, [expected]);
    }
    // The check of a resource has its name.
    let checks = |app: AppBuilder| {
        let checked = ResourceOptions::new().check(CheckOptions::new(), nothing!());
        app.resource_with("db", checked, async |_| Ok(1_u8), nothing!())
            .check("db", nothing!())
    };
    let expected = "there are two checks named `db`: give one of them another name";
    assert_eq!(lines(checks).await.0, [expected]);
}

#[tokio::test(start_paused = true)]
async fn one_name_in_different_places_is_fine() {
    let app = app(&Record::default())
        .0
        .server(Fake::new("db"))
        .before_start("db", nothing!())
        .after_start("db", nothing!())
        .before_stop("db", nothing!())
        .after_stop("db", nothing!())
        .on_reload("db", nothing!())
        .check("db", nothing!())
        .registrar("db", FakeRegistry::default());
    crate::fakes::run_and_stop(app.build()).await.unwrap();
}

#[tokio::test]
async fn the_first_is_the_error_and_the_options_of_a_runtime_are_one() {
    let app = app(&Record::default()).0.runtime(RuntimeOptions::default());
    let app = app.build();
    // An app that is not refused is stopped.
    app.handle().stop("at once");
    let error = app.run().await.unwrap_err();
    assert!(matches!(error.error(), Error::Option(wrong) if wrong.key() == "runtime"));
    assert_eq!(error.report().failures.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_that_is_wrong_with_one_component_is_found() {
    let none = Restarts::at_most(0, Duration::ZERO);
    let options = WorkerOptions::new()
        .restart_limit(Duration::ZERO)
        .awaited_for(Duration::ZERO)
        .policy(Policy::Restart(none));
    let with = |app: AppBuilder| {
        let group = WorkerGroup::one_for_all("ingest", none)
            .every("", Duration::ZERO, nothing!())
            .every("", Duration::ZERO, nothing!());
        let late = Every::new(Duration::ZERO).jitter(Duration::from_secs(1));
        app.every_with("sweep", late, options, nothing!())
            .worker_group(group)
            .signals(Signals::none().stop([9]).force([11]))
    };
    let (lines, _) = lines(with).await;
    let expected = [
        "option `signals` is SIGKILL as stop:",
        "option `signals` is SIGSEGV as force:",
        "sweep cannot be started: option `WorkerOptions::restart_limit` is 0s:",
        "sweep cannot be started: option `WorkerOptions::awaited_for` is 0s:",
        "sweep cannot be started: option `WorkerOptions::awaited` is set for work that never ends",
        "sweep cannot be started: option `Restarts::limit` is 0:",
        "sweep cannot be started: option `Restarts::period` is 0s:",
        "sweep cannot be started: option `Every::period` is 0s:",
        "sweep cannot be started: option `Every::jitter` is 1s:",
        "ingest cannot be started: the name of a worker of the group is empty:",
        "ingest cannot be started: the name of a worker of the group is empty:",
        "ingest cannot be started: option `Restarts::limit` is 0:",
        "ingest cannot be started: option `Restarts::period` is 0s:",
        "ingest cannot be started: option `Every::period` is 0s for the worker ``:",
        "ingest cannot be started: option `Every::period` is 0s for the worker ``:",
    ];
    assert_starts(&lines, &expected);
}

/// Each line begins with the text at its place.
#[track_caller]
fn assert_starts(lines: &[String], expected: &[&str]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        let line = line.strip_prefix("  also: ").unwrap_or(line);
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
}

#[tokio::test(start_paused = true)]
async fn delays_and_limits_of_the_watchdog_that_are_of_no_use_are_refused() {
    let with = |app: AppBuilder| {
        app.drain_delay(Duration::MAX).watchdog(WatchdogOptions {
            poll_limit: Duration::ZERO,
            tick_limit: Duration::ZERO,
            interval: Duration::MAX,
            ..WatchdogOptions::default()
        })
    };
    let expected = [
        "option `drain_delay` is 213503982334601d 7h 15s 999ms 999us 999ns: it has to be at most 1d",
        "option `WatchdogOptions::poll_limit` is 0s: it has to be longer than 0s",
        "option `WatchdogOptions::tick_limit` is 0s: it has to be longer than 0s",
        "option `WatchdogOptions::interval` is 213503982334601d 7h 15s 999ms 999us 999ns: it has to be at most",
    ];
    assert_starts(&lines(with).await.0, &expected);
}

#[tokio::test(start_paused = true)]
async fn limits_without_an_end_and_no_delay_are_right() {
    let app = app(&Record::default()).0.server(Fake::new("http"));
    let app = app.drain_delay(Duration::ZERO).watchdog(WatchdogOptions {
        poll_limit: Duration::MAX,
        tick_limit: Duration::MAX,
        overdue_after: Duration::MAX,
        interval: Duration::ZERO,
    });
    crate::fakes::run_and_stop(app.build()).await.unwrap();
}

#[cfg(feature = "admin")]
#[tokio::test(start_paused = true)]
async fn the_name_of_the_admin_server_is_its_alone_and_all_its_options_are_checked() {
    let with = |app: AppBuilder| {
        let admin = kit_app::Admin::new("nonsense").token("");
        app.admin(admin).server(Fake::new("admin"))
    };
    let expected = [
        "there are the admin server and a component named `admin`: give one of them another name",
        "option `Admin::token` is empty:",
        "admin cannot be started: ",
    ];
    assert_starts(&lines(with).await.0, &expected);
    // Without an admin server it is a name like another.
    let app = app(&Record::default()).0.server(Fake::new("admin"));
    crate::fakes::run_and_stop(app.build()).await.unwrap();
}

#[tokio::test]
async fn the_time_of_a_stop_and_its_drain_delay_have_bounds() {
    let app = |with: fn(AppBuilder) -> AppBuilder| with(kit_app::App::builder("app")).build().run();
    let short = app(|app| app.stop_timeout(Duration::from_nanos(1))).await;
    assert_eq!(
        short.unwrap_err().to_string(),
        "option `stop_timeout` is 1ns: it has to be from 1ms to 1d"
    );
    let long = app(|app| app.drain_delay(Duration::from_secs(86_401))).await;
    assert_eq!(
        long.unwrap_err().to_string(),
        "option `drain_delay` is 1d 1s: it has to be at most 1d"
    );
}

#[tokio::test]
async fn a_notifier_without_an_address_and_a_relative_message_file_are_refused() {
    let app = kit_app::App::builder("app")
        .signals(Signals::none())
        .notifier(kit_app::Notifier::new("notify"))
        .termination_message("message");
    let error = app.build().run().await.unwrap_err();
    assert_eq!(
        error.report().failures,
        [
            "option `notifier` is \"notify\": it has to be an absolute path, or `@` and an abstract name",
            "option `termination_message` is \"message\": it has to be the absolute path of a file, such as \
             `/dev/termination-log`",
        ]
    );
    assert!(!std::path::Path::new("message").exists());
}
