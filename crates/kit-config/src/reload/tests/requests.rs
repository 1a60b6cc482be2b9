//! Reloads by request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use kit_sync::{BoxError, TaskTree};
use serde_json::{Value as Json, json};

use super::home::{Home, changed};
use crate::reload::subscriber::Subscriber;
use crate::reload::{Commit, ReloadError};

#[tokio::test]
async fn live_settings_are_replaced_and_fixed_ones_stay() {
    let home = Home::with(r#"{"low": 1, "live": {"high": 9, "gone": 1, "token": "a"}}"#);
    let before = home.engine.current().load();
    home.write(r#"{"low": 2, "live": {"high": 8, "token": "b"}}"#);
    let reloaded = home.engine.reload().await;
    let expected = [
        "live.gone: 1 -> (not set)",
        "live.high: 9 -> 8",
        "live.token: *** -> ***",
    ];
    assert_eq!(changed(&reloaded), expected);
    let reloaded = reloaded.expect("it is well");
    assert_eq!(reloaded.needs_restart[0].to_string(), "low: 1 -> 2");
    assert_eq!(
        home.settings(),
        json!({"low": 1, "live": {"high": 8, "token": "b"}})
    );
    assert_eq!(
        before["live"]["gone"],
        json!(1),
        "settings that were loaded stay as they were"
    );

    // Nothing has changed since, but the restart is still needed.
    let again = home.engine.reload().await.expect("it is well");
    assert_eq!((again.changed.len(), again.needs_restart.len()), (0, 1));
    home.write(r#"{"low": 1, "live": {"high": 8, "token": "b"}}"#);
    let undone = home.engine.reload().await.expect("it is well");
    assert_eq!((undone.changed.len(), undone.needs_restart.len()), (0, 0));
    let reloads = home.reloads.borrow();
    assert_eq!((reloads.ended, reloads.changed, reloads.failed), (3, 1, 0));
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let right = r#"{"low": 1, "live": {"high": 9}}"#;
    let home = Home::with(right);
    let before = home.settings();
    for (wrong, why) in [
        (r#"{"low": 1, "live": {"#, "EOF while parsing"),
        (
            r#"{"low": 8, "live": {"high": 7}}"#,
            "low: is above `live.high`",
        ),
    ] {
        home.write(wrong);
        let error = home.engine.reload().await.expect_err("it is wrong");
        let ReloadError::Load(mistakes) = &error else {
            panic!("{error:?}");
        };
        assert!(mistakes.to_string().contains(why), "{mistakes}");
        assert_eq!(home.settings(), before);
    }
    home.write(right);
    let reloaded = home.engine.reload().await;
    assert_eq!(changed(&reloaded), [""; 0]);
    let reloads = home.reloads.borrow();
    assert_eq!((reloads.ended, reloads.changed, reloads.failed), (3, 0, 2));
}

/// `low` may be 5 with a `high` of 6, and 1 with 3; but 5, which is fixed, not with 3.
#[tokio::test]
async fn new_live_settings_have_to_go_with_the_old_fixed_ones() {
    let home = Home::with(r#"{"low": 5, "live": {"high": 6}}"#);
    home.write(r#"{"low": 1, "live": {"high": 3}}"#);
    let error = home
        .engine
        .reload()
        .await
        .expect_err("they do not go together");
    assert!(matches!(error, ReloadError::Mixture(_)), "{error:?}");
    assert_eq!(home.settings(), json!({"low": 5, "live": {"high": 6}}));
}

fn subscribe<C: Commit, E: Into<BoxError>>(
    home: &Home,
    name: &str,
    prepare: impl Fn(&Json, &Json) -> Result<C, E> + Send + Sync + 'static,
) {
    home.engine
        .add_subscriber(Subscriber::new(name.to_owned(), prepare));
}

/// Records what it is asked and has to do.
fn record(calls: &Arc<Mutex<Vec<String>>>, call: String) {
    kit_sync::lock(calls).push(call);
}

#[tokio::test]
async fn subscribers_are_asked_in_order_and_one_may_refuse() {
    let home = Home::with(r#"{"live": {"n": 1}}"#);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let current = home.engine.current();
    for name in ["one", "two"] {
        let (calls, current) = (Arc::clone(&calls), current.clone());
        subscribe(&home, name, move |old, new| {
            let (old, new) = (old["live"]["n"].clone(), new["live"]["n"].clone());
            assert_eq!(
                current.load()["live"]["n"],
                old,
                "it is asked before the replacement"
            );
            record(&calls, format!("{name}: {old} -> {new}"));
            if name == "two" && new == json!(2) {
                return Err("two is too many");
            }
            let (calls, current) = (Arc::clone(&calls), current.clone());
            Ok(move || {
                assert_eq!(current.load()["live"]["n"], new);
                record(&calls, format!("{name} has {new}"));
            })
        });
    }
    let taken = || std::mem::take(&mut *kit_sync::lock(&calls));
    home.write(r#"{"live": {"n": 2}}"#);
    let error = home.engine.reload().await.expect_err("it is refused");
    let expected = "the settings stay as they were: two has refused the new ones: two is too many";
    assert_eq!(kit_sync::error_chain(&error), expected);
    assert_eq!(home.settings(), json!({"live": {"n": 1}}));
    assert_eq!(taken(), ["one: 1 -> 2", "two: 1 -> 2"]);

    home.write(r#"{"live": {"n": 3}}"#);
    let reloaded = home.engine.reload().await;
    assert_eq!(changed(&reloaded), ["live.n: 1 -> 3"]);
    assert_eq!(
        taken(),
        ["one: 1 -> 3", "two: 1 -> 3", "one has 3", "two has 3"]
    );
    // Without a change, none is asked.
    home.engine.reload().await.expect("it is well");
    assert_eq!(taken(), [""; 0]);
}

#[tokio::test]
async fn a_panic_of_a_subscriber_is_a_refusal_and_one_after_the_replacement_is_not() {
    fn panics(settings: &Json) -> Result<(), String> {
        panic!("no {settings}")
    }
    let home = Home::with(r#"{"live": 1}"#);
    let taken = Arc::new(AtomicUsize::new(0));
    subscribe(&home, "panics later", |_, _| {
        Ok::<_, String>(|| panic!("too late"))
    });
    let counted = Arc::clone(&taken);
    subscribe(&home, "is called all the same", move |_, _| {
        let taken = Arc::clone(&counted);
        Ok::<_, String>(move || _ = taken.fetch_add(1, Ordering::AcqRel))
    });
    home.write(r#"{"live": 2}"#);
    home.engine.reload().await.expect("it is well");
    assert_eq!(
        (home.settings(), taken.load(Ordering::Acquire)),
        (json!({"live": 2}), 1)
    );

    subscribe(&home, "panics", |_, new: &Json| panics(new));
    home.write(r#"{"live": 3}"#);
    let error = home.engine.reload().await.expect_err("it is refused");
    assert!(
        kit_sync::error_chain(&error).ends_with(r#"it has panicked: no {"live":3}"#),
        "{error}"
    );
    assert_eq!(
        (home.settings(), taken.load(Ordering::Acquire)),
        (json!({"live": 2}), 1)
    );
}

/// Many requests at once, while a reload runs: each sees what its caller has written before, none is
/// lost, and there are few reloads.
#[tokio::test(flavor = "multi_thread")]
async fn requests_during_a_reload_are_one_more() {
    let home = Home::with(r#"{"live": 0}"#);
    let tree = TaskTree::new("test");
    let (begin, begun) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    subscribe(&home, "slow", move |_, new: &Json| {
        if *new == json!({"live": 1}) {
            begin.send(()).expect("the test listens");
            kit_sync::lock(&gone)
                .recv()
                .expect("the test lets it go on");
        }
        Ok::<_, String>(())
    });
    let request = |name: &'static str| {
        let engine = Arc::clone(&home.engine);
        tree.scope().spawn_blocking(name, move |_| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            Ok(runtime.expect("a runtime").block_on(engine.reload()))
        })
    };
    home.write(r#"{"live": 1}"#);
    let first = request("first");
    tokio::task::block_in_place(|| begun.recv().expect("it begins"));
    // What the first one has read is old now.
    home.write(r#"{"live": 2}"#);
    let second: Vec<_> = (0..20).map(|_| request("second")).collect();
    while home.engine.requests() < 21 {
        tokio::task::yield_now().await;
    }
    go.send(()).expect("it waits");
    assert_eq!(changed(&first.await.expect("it ends")), ["live: 0 -> 1"]);
    for second in second {
        assert_eq!(changed(&second.await.expect("it ends")), ["live: 1 -> 2"]);
    }
    assert_eq!(home.settings(), json!({"live": 2}));
    assert_eq!(home.reloads.borrow().ended, 2);
}

/// A reload that is dropped while it waits for its turn, or for its files, keeps no other from going on.
#[test]
fn a_dropped_reload_has_changed_nothing() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.max_blocking_threads(1).build();
    runtime.expect("a runtime").block_on(async {
        let home = Home::with(r#"{"live": 0}"#);
        let tree = TaskTree::new("test");
        home.write(r#"{"live": 1}"#);
        let report = crate::reload::engine::Report::AtOnce;
        let scope = tree.scope().child("reload");
        // The only thread that could read the files is busy.
        let (release, held) = mpsc::channel::<()>();
        let busy = tree.scope().spawn_blocking("busy", move |_| {
            let _ = held.recv();
            Ok(())
        });
        {
            let mut reload = std::pin::pin!(home.engine.reload_in(&scope, report));
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(reload.as_mut().poll(context).is_pending())
            });
            assert!(polled.await, "files are read on another thread");
        }
        drop(release);
        busy.await.expect("it ends");
        assert_eq!(home.settings(), json!({"live": 0}));
        let reloaded = home.engine.reload().await;
        assert_eq!(changed(&reloaded), ["live: 0 -> 1"]);
    });
}

#[tokio::test]
async fn an_ended_scope_loads_nothing() {
    let home = Home::with(r#"{"live": 0}"#);
    let tree = TaskTree::new("test");
    let scope = tree.scope().child("reload");
    scope.cancel(kit_sync::Cause::Requested("test".to_owned()));
    let report = crate::reload::engine::Report::AtOnce;
    let error = home
        .engine
        .reload_in(&scope, report)
        .await
        .expect_err("it is over");
    let why = kit_sync::error_chain(&error);
    assert!(
        why.ends_with("the task was refused: its scope has ended"),
        "{why}"
    );
}
