//! Reloads that are asked for by the handle of an app.

use std::time::Duration;

use kit_app::{App, Event, Signals};
use kit_config::ReloadOptions;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::home::{Folder, Orders, reloader};

/// The event of the hook has what a caller needs to know: each mistake, or why a subscriber refuses.
#[tokio::test]
async fn the_event_of_a_failed_reload_has_the_reason() {
    let folder = Folder::with(&[("orders.toml", "[limits]\nhigh = 50\n")]);
    let reloader = reloader(folder.orders());
    reloader.subscribe("pool", |_old, new: &Orders| {
        if new.limits.high > 1000 {
            return Err("the database takes 1000 connections");
        }
        Ok(())
    });
    let (sender, mut errors) = mpsc::unbounded_channel();
    let options = ReloadOptions::new().without_watching();
    let app = App::builder("orders")
        .signals(Signals::none())
        .worker("runs", async |context: kit_transport::Context| {
            context.scope().cancelled().await;
            Ok(())
        })
        .observer(move |stamped| {
            if let Event::ReloadHookEnded { error, .. } = &stamped.event {
                // The test may have ended.
                let _ = sender.send(error.clone().unwrap_or_default());
            }
        })
        .apply(reloader.option_with(options))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.expect("it starts");
        for (text, reason) in [
            ("[limits]\nhihg = 50\n", "orders.toml:2:1: limits.hihg: "),
            (
                "[limits]\nhigh = 2000\n",
                "pool has refused the new ones: the database takes 1000",
            ),
        ] {
            folder.write("orders.toml", text);
            assert!(handle.reload("test"));
            let error = timeout(Duration::from_secs(30), errors.recv()).await;
            let error = error.expect("it ends").expect("the app runs");
            assert!(error.contains(reason), "{error}");
        }
        handle.stop("done");
    });
    assert_eq!(report.expect("it ends well").exit_code, 0);
}
