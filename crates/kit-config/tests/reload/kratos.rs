//! What goes wrong with the configuration of Kratos when it is reloaded, tried here.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use kit_app::{App, Signals};
use kit_config::{Live, ReloadError, ReloadOptions, Reloaded, Settings};
use kit_sync::Group;

use crate::home::{Folder, reloader};

fn changed(reloaded: Result<Reloaded, ReloadError>) -> Vec<String> {
    let reloaded = reloaded.expect("it is well");
    reloaded.changed.iter().map(ToString::to_string).collect()
}

/// There, a source that is loaded anew goes over all that was there, whatever its rank.
#[tokio::test]
async fn a_file_that_changes_does_not_go_over_what_ranks_above_it() {
    let folder = Folder::with(&[
        ("base.toml", "[limits]\nlow = 1\nhigh = 10\n"),
        ("over.toml", "[limits]\nlow = 2\n"),
    ]);
    let settings = Settings::new().file(folder.path("base.toml"));
    let settings = settings
        .file(folder.path("over.toml"))
        .set("limits.high=20");
    let reloader = reloader(settings);
    folder.write(
        "base.toml",
        "[limits]\nlow = 5\nhigh = 50\nnames = [\"a\"]\n",
    );
    let changed = changed(reloader.reload().await);
    assert_eq!(changed, [r#"limits.names: [] -> ["a"]"#]);
    let limits = reloader.current().load().limits.clone();
    assert_eq!((limits.low, limits.high), (2, 20));
}

#[tokio::test]
async fn a_key_that_is_gone_has_its_default_again() {
    let folder = Folder::with(&[("orders.toml", "note = \"a\"\n[limits]\nhigh = 7\n")]);
    let reloader = reloader(folder.orders());
    assert_eq!(reloader.current().load().limits.high, 7);
    folder.write("orders.toml", "[limits]\n");
    let changed = changed(reloader.reload().await);
    assert_eq!(
        changed,
        ["limits.high: 7 -> 100", r#"note: "a" -> (not set)"#]
    );
    let now = reloader.current().load();
    assert_eq!((now.limits.high, &now.note), (100, &None));
}

/// There, a value of another type is ignored without a word.
#[tokio::test]
async fn a_value_of_another_type_is_an_error_with_its_place() {
    let folder = Folder::with(&[("orders.toml", "[limits]\nhigh = 7\n")]);
    let reloader = reloader(folder.orders());
    folder.write("orders.toml", "[limits]\nhigh = \"many\"\n");
    let error = reloader.reload().await.expect_err("it is no number");
    let ReloadError::Load(mistakes) = error else {
        panic!("{error:?}");
    };
    let [problem] = mistakes.problems() else {
        panic!("{mistakes}");
    };
    assert_eq!(
        (problem.key().as_str(), problem.line()),
        ("limits.high", Some(2))
    );
    assert_eq!(reloader.current().load().limits.high, 7);
}

/// There, each watcher merges into a copy that it took before, and stores it over what another has
/// stored meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_lost_when_several_sources_change_at_once() {
    let folder = Arc::new(Folder::with(&[("a.toml", ""), ("b.toml", "")]));
    let settings = Settings::new().file(folder.path("a.toml"));
    let reloader = reloader(settings.file(folder.path("b.toml")));
    for round in 0..50 {
        let mut group = Group::new();
        for (file, key) in [("a.toml", "note"), ("b.toml", "copy")] {
            let (folder, reloader) = (Arc::clone(&folder), reloader.clone());
            group.spawn(async move {
                // In one step, so that the other reload does not see half of it.
                let next = format!("{file}.next");
                folder.write(&next, format!("{key} = \"{round}\"\n"));
                fs::rename(folder.path(&next), folder.path(file)).expect("it is renamed");
                reloader.reload().await.expect("it is well");
                Ok::<(), std::io::Error>(())
            });
        }
        group.wait().await.expect("both are well");
        let now = reloader.current().load();
        let expected = Some(Live(round.to_string()));
        assert_eq!((&now.note, &now.copy), (&expected, &expected));
    }
}

/// There, a map that was read is part of the tree that the next reload writes into.
#[tokio::test]
async fn settings_that_were_read_do_not_change() {
    let folder = Folder::with(&[("orders.toml", "[limits]\nnames = [\"a\"]\n")]);
    let reloader = reloader(folder.orders());
    let before = reloader.current().load();
    let copy = before.limits.clone();
    folder.write("orders.toml", "[limits]\nnames = [\"b\"]\nhigh = 9\n");
    assert_eq!(changed(reloader.reload().await).len(), 2);
    assert_eq!(before.limits, copy);
    assert_eq!(reloader.current().load().limits.names, ["b"]);
}

/// There, every file in a directory has to be of a known format, so that the file of an editor is an
/// error; and a file that is removed and made anew is not watched any more.
#[tokio::test]
async fn files_of_editors_do_no_harm_and_files_may_come_and_go() {
    let folder = Folder::with(&[]);
    fs::create_dir(folder.path("conf.d")).expect("it is made");
    folder.write("conf.d/10-base.toml", "[limits]\nlow = 1\n");
    let reloader = reloader(Settings::new().directory(folder.path("conf.d")));
    let options = ReloadOptions::new().quiet(Duration::from_millis(40));
    let app = App::builder("orders").signals(Signals::none());
    let app = app.apply(reloader.option_with(options)).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        let (mut reloads, current) = (reloader.reloads(), reloader.current());
        let limits = async |low, high| {
            let mut changes = current.changes();
            while (current.load().limits.low, current.load().limits.high) != (low, high) {
                changes.next().await;
            }
        };
        reloads
            .wait_for(|reloads| reloads.ended == 1)
            .await
            .expect("it is there");
        for file in [
            ".10-base.toml.swp",
            "10-base.toml~",
            "#10-base.toml#",
            ".#10-base.toml",
        ] {
            folder.write(&format!("conf.d/{file}"), "= neither [ TOML");
        }
        folder.write("conf.d/20-more.toml", "[limits]\nhigh = 8\n");
        limits(1, 8).await;
        for low in 2..6 {
            fs::remove_file(folder.path("conf.d/10-base.toml")).expect("it is removed");
            folder.write("conf.d/10-base.toml", format!("[limits]\nlow = {low}\n"));
            limits(low, 8).await;
        }
        fs::remove_file(folder.path("conf.d/20-more.toml")).expect("it is removed");
        limits(5, 100).await;
        assert_eq!(reloader.reloads().borrow().failed, 0);
        handle.stop("done");
    });
    assert_eq!(report.expect("it ends well").exit_code, 0);
}

/// There, secrets are values as all others are.
#[tokio::test]
async fn a_secret_is_replaced_and_not_shown() {
    let folder = Folder::with(&[("orders.toml", "token = \"hunter-one\"\n")]);
    let reloader = reloader(folder.orders());
    folder.write("orders.toml", "token = \"hunter-two\"\n");
    let reloaded = reloader.reload().await;
    assert!(
        !format!("{reloaded:?} {reloader:?}").contains("hunter"),
        "{reloaded:?}"
    );
    assert_eq!(changed(reloaded), ["token: *** -> ***"]);
    let now = reloader.current().load();
    let token = now.token.as_ref().map(|token| token.expose().as_str());
    assert_eq!(token, Some("hunter-two"));
    for wrong in ["token = [\"hunter-three\"]\n", "token = \"hunter-four\n"] {
        folder.write("orders.toml", wrong);
        let error = reloader.reload().await.expect_err("it is wrong");
        let shown = format!("{error:?} {}", kit_sync::error_chain(&error));
        assert!(!shown.contains("hunter"), "{shown}");
    }
}

/// There, what a reference gave is written in its place at the start, so that a change of what it refers to
/// is not seen any more; and readers see the text of references during a reload.
#[tokio::test]
async fn references_are_resolved_anew() {
    let text = "note = \"n ${key:limits.high}\"\ncopy = \"see ${key:note}\"\n[limits]\nhigh = 7\n";
    let folder = Folder::with(&[("orders.toml", text)]);
    let reloader = reloader(folder.orders());
    let both = || {
        let now = reloader.current().load();
        let text = |part: &Option<Live<String>>| part.clone().map(Live::into_inner);
        (text(&now.note), text(&now.copy))
    };
    let expected = |number: u32| (Some(format!("n {number}")), Some(format!("see n {number}")));
    assert_eq!(both(), expected(7));
    for high in [8, 9] {
        folder.write(
            "orders.toml",
            text.replace("high = 7", &format!("high = {high}")),
        );
        assert_eq!(changed(reloader.reload().await).len(), 3);
        assert_eq!(both(), expected(high));
    }
    // There, a reference to nothing is silent.
    folder.write("orders.toml", text.replace("high}", "higher}"));
    let error = reloader
        .reload()
        .await
        .expect_err("there is no such setting");
    let ReloadError::Load(mistakes) = error else {
        panic!("{error:?}");
    };
    assert_eq!(mistakes.problems()[0].key(), "note", "{mistakes}");
    assert_eq!(both(), expected(9));
}

/// A file that a reference names is watched as the settings are.
#[tokio::test]
async fn a_file_that_a_reference_names_is_watched() {
    let folder = Folder::with(&[("one", "1"), ("two", "2")]);
    let naming = |name: &str| format!("note = '${{file:{}}}'\n", folder.path(name).display());
    folder.write("orders.toml", naming("one"));
    let reloader = reloader(folder.orders());
    let options = ReloadOptions::new().quiet(Duration::from_millis(40));
    let app = App::builder("orders").signals(Signals::none());
    let app = app.apply(reloader.option_with(options)).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        let current = reloader.current();
        let note = async |text: &str| {
            let mut changes = current.changes();
            while current.load().note.as_deref().map(String::as_str) != Some(text) {
                changes.next().await;
            }
        };
        let mut reloads = reloader.reloads();
        reloads
            .wait_for(|reloads| reloads.ended == 1)
            .await
            .expect("it is there");
        folder.write("one", "one");
        note("one").await;
        folder.write("orders.toml", naming("two"));
        note("2").await;
        folder.write("two", "two");
        note("two").await;
        handle.stop("done");
    });
    assert_eq!(report.expect("it ends well").exit_code, 0);
}

/// A file that a reference names may come to be after the reference, as a mounted secret does.
#[tokio::test]
async fn a_missing_file_that_a_reference_names_is_watched() {
    let folder = Folder::with(&[("orders.toml", "note = 'a'\n")]);
    let secret = folder.path("secret");
    let reloader = reloader(folder.orders());
    let options = ReloadOptions::new().quiet(Duration::from_millis(40));
    let app = App::builder("orders").signals(Signals::none());
    let app = app.apply(reloader.option_with(options)).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        let mut reloads = reloader.reloads();
        let begun = reloads.wait_for(|reloads| reloads.ended == 1).await;
        drop(begun.expect("it is there"));
        folder.write(
            "orders.toml",
            format!("note = '${{file:{}}}'\n", secret.display()),
        );
        let failed = reloads.wait_for(|reloads| reloads.failed == 1).await;
        drop(failed.expect("it is there"));
        folder.write("secret", "b");
        let changed = reloads.wait_for(|reloads| reloads.changed == 1);
        let changed = tokio::time::timeout(Duration::from_secs(30), changed).await;
        drop(changed.expect("it is watched").expect("it is there"));
        handle.stop("done");
    });
    assert_eq!(report.expect("it ends well").exit_code, 0);
    let note = reloader.current().load().note.clone();
    assert_eq!(note.as_deref().map(String::as_str), Some("b"));
    assert_eq!(reloader.reloads().borrow().failed, 1, "it is reported once");
}

/// There, a null at a key that was read before is a panic of the watcher.
#[tokio::test]
async fn a_null_is_no_value_or_an_error_and_no_panic() {
    let right = r#"{"note": "a", "limits": {"high": 7}}"#;
    let folder = Folder::with(&[("orders.json", right)]);
    let reloader = reloader(Settings::new().file(folder.path("orders.json")));
    for (null, expected) in [
        (
            r#"{"note": null, "limits": {"high": 7}}"#,
            r#"note: "a" -> (not set)"#,
        ),
        (r#"{"note": "a", "limits": null}"#, "limits.high: 7 -> 100"),
    ] {
        folder.write("orders.json", null);
        assert_eq!(changed(reloader.reload().await), [expected]);
        folder.write("orders.json", right);
        assert_eq!(changed(reloader.reload().await).len(), 1);
    }
    // A number has no other value for it.
    folder.write("orders.json", right.replace('7', "null"));
    let error = reloader.reload().await.expect_err("it is no number");
    let ReloadError::Load(mistakes) = error else {
        panic!("{error:?}");
    };
    assert_eq!(mistakes.problems()[0].key(), "limits.high", "{mistakes}");
    assert_eq!(reloader.current().load().limits.high, 7);
}

/// There, a date cannot be copied, and the reload fails.
#[tokio::test]
async fn a_date_is_a_text() {
    let folder = Folder::with(&[("orders.yaml", "note: 2024-01-01\n")]);
    let reloader = reloader(Settings::new().file(folder.path("orders.yaml")));
    folder.write("orders.yaml", "note: 2024-01-02\n");
    let changed = changed(reloader.reload().await);
    assert_eq!(changed, [r#"note: "2024-01-01" -> "2024-01-02""#]);
}
