//! Hooks of the start, of the stop and of a reload, as they are added to the app.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_app::{AppBuilder, HookContext, HookStage};

use super::{Log, call, nth, spawn_beside};
use crate::recording::{Part, Point};
use crate::script::Script;

pub(crate) fn add_hooks(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, hook) in script.hooks.iter().enumerate() {
        let part = Part::Hook(hook.stage, index);
        let (name, script, log) = (part.to_string(), hook.clone(), log.clone());
        let run = move |ctx: HookContext| async move {
            let scope = ctx.scope();
            spawn_beside(scope, script.spawns, part, &log);
            let open = log.begin(part, Point::Call);
            call(script.call, Some(scope.token()), open).await
        };
        app = match hook.stage {
            HookStage::BeforeStart => app.before_start(name, run),
            HookStage::AfterStart => app.after_start(name, run),
            HookStage::BeforeStop => app.before_stop(name, run),
            _ => app.after_stop(name, run),
        };
    }
    app
}

pub(crate) fn add_reload_hooks(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    for (index, hook) in script.reload_hooks.iter().enumerate() {
        let part = Part::Reload(index);
        let (hook, log, number) = (Arc::new(hook.clone()), log.clone(), AtomicUsize::new(0));
        app = app.on_reload(part.to_string(), move |ctx: HookContext| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let (hook, log) = (Arc::clone(&hook), log.clone());
            async move {
                let scope = ctx.scope();
                spawn_beside(scope, hook.spawns, part, &log);
                let open = log.begin(part, Point::Call);
                call(nth(&hook.calls, number), Some(scope.token()), open).await
            }
        });
    }
    app
}
