//! Scripted resources, each of a type to itself.

use kit_app::AppBuilder;

use super::{Log, call, spawn_beside};
use crate::recording::{Part, Point};
use crate::script::{ResourceScript, Script};

/// The value of the resource with this number.
#[derive(Clone)]
struct Value<const NUMBER: usize>;

pub(crate) fn add_resources(mut app: AppBuilder, script: &Script, log: &Log) -> AppBuilder {
    const { assert!(Script::MOST_RESOURCES == 4) };
    for (index, script) in script.resources.iter().enumerate() {
        app = match index {
            0 => add::<0>(app, script, log),
            1 => add::<1>(app, script, log),
            2 => add::<2>(app, script, log),
            _ => add::<3>(app, script, log),
        };
    }
    app
}

fn add<const NUMBER: usize>(app: AppBuilder, script: &ResourceScript, log: &Log) -> AppBuilder {
    let part = Part::Resource(NUMBER);
    let (script, opens, closes) = (script.clone(), log.clone(), log.clone());
    let close = script.close;
    app.resource(
        part.to_string(),
        move |ctx| async move {
            let scope = ctx.scope();
            spawn_beside(scope, script.spawns, part, &opens);
            let open = opens.begin(part, Point::Open);
            call(script.open, Some(scope.token()), open).await?;
            Ok(Value::<NUMBER>)
        },
        move |_value: Value<NUMBER>| async move {
            let open = closes.begin(part, Point::Close);
            call(close, None, open).await
        },
    )
}
