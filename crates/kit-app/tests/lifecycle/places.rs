//! The place of a task that calls an author's function is the line of the author.

use kit_app::{AppHandle, HookContext, HookOptions};
use kit_sync::TreeSnapshot;
use kit_transport::Context;

use crate::fakes::{Record, app, run_and_stop};
use crate::workers::{End, runs};

#[derive(Clone)]
struct Db(AppHandle);

/// Adds the places of all tasks of a path.
fn places(tree: &TreeSnapshot, path: &str, all: &mut Vec<String>) {
    let here = format!("{path}/{}", tree.name);
    for task in &tree.tasks {
        all.push(format!("{here}/{} at {}", task.name, task.spawned_at));
    }
    tree.scopes
        .iter()
        .for_each(|scope| places(scope, &here, all));
}

fn note(handle: &AppHandle, record: &Record) {
    let mut all = Vec::new();
    if let Some(tree) = handle.tasks() {
        places(&tree, "", &mut all);
    }
    all.into_iter().for_each(|line| record.add(line));
}

#[tokio::test(start_paused = true)]
async fn resources_checks_and_workers_have_the_line_that_added_them() {
    let tasks = Record::default();
    let (opened, closed, checked) = (tasks.clone(), tasks.clone(), tasks.clone());
    let open = async move |ctx: Context| {
        let handle: AppHandle = ctx.get()?;
        note(&handle, &opened);
        Ok(Db(handle))
    };
    let close = async move |db: Db| {
        note(&db.0, &closed);
        Ok(())
    };
    let (builder, _signals) = app(&Record::default());
    let app = builder
        .resource("db", open, close)
        .check("database", move |check| {
            let checked = checked.clone();
            async move {
                note(check.handle(), &checked);
                Ok(())
            }
        })
        .worker("outbox", runs([End::Cancelled]));
    run_and_stop(app.build()).await.unwrap();
    assert_of_this_file(
        &tasks,
        &[
            "/app/calls/db/open",
            "/app/calls/db/close",
            "/app/health/checks/database/run/run",
            "/app/outbox/run/work",
        ],
    );
}

/// The tasks of these paths were seen, with a line of this file.
#[track_caller]
fn assert_of_this_file(tasks: &Record, paths: &[&str]) {
    let all = tasks.all();
    for path in paths {
        let line = all
            .iter()
            .find(|line| line.starts_with(&format!("{path} at ")));
        let line = line.unwrap_or_else(|| panic!("no {path} in {all:#?}"));
        assert!(line.contains(&format!(" at {}:", file!())), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_have_the_line_that_added_them() {
    let tasks = Record::default();
    let hook = || {
        let tasks = tasks.clone();
        move |hook: HookContext| {
            note(hook.handle(), &tasks);
            async { Ok(()) }
        }
    };
    let (builder, _signals) = app(&Record::default());
    let (options, reloaded) = (HookOptions::new, tasks.clone());
    let app = builder
        .before_start("plain", hook())
        .before_start_with("with", options(), hook())
        .after_start("plain", hook())
        .after_start_with("with", options(), hook())
        .before_stop("plain", hook())
        .after_stop("plain", hook())
        .on_reload("config", move |hook| {
            note(hook.handle(), &reloaded);
            hook.handle().stop("done");
            async { Ok(()) }
        })
        .build();
    app.handle().reload("once it is ready");
    app.run().await.unwrap();
    assert_of_this_file(
        &tasks,
        &[
            "/app/calls/before_start/plain",
            "/app/calls/before_start/with",
            "/app/calls/after_start/plain",
            "/app/calls/after_start/with",
            "/app/calls/before_stop/plain",
            "/app/calls/after_stop/plain",
            "/app/reloads/calls/config",
        ],
    );
}
