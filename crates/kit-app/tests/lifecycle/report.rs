//! The report and the error of a run, as people read them.

use std::future::pending;
use std::time::Duration;

use kit_app::{ComponentEnd, Phase};
use kit_transport::{Context, Cut};
use tokio::time::sleep;

use crate::fakes::{Fake, Record, Start, Starts, app, run_and_stop};

#[tokio::test(start_paused = true)]
async fn the_report_of_a_clean_stop_is_a_table() {
    let record = Record::default();
    let open = async |_| {
        sleep(Duration::from_millis(13)).await;
        Ok("a pool")
    };
    let close = async |_| {
        sleep(Duration::from_millis(2)).await;
        Ok(())
    };
    let app = app(&record)
        .0
        .resource("db", open, close)
        .server(Fake::new("http"))
        .server(Fake {
            phase: Phase::WORKERS,
            ..Fake::new("mail")
        });
    let report = run_and_stop(app.build()).await.unwrap();
    assert_eq!(
        report.to_string(),
        "app stopped (done) in 22.0ms, exit code 0\n  \
         component  phase      ready in  drained in  tasks  end      cut\n  \
         http       servers    0.0ns     10.0ms      1      drained\n  \
         mail       workers    0.0ns     10.0ms      1      drained\n  \
         db         resources  13.0ms    2.0ms       0      closed"
    );
}

#[tokio::test(start_paused = true)]
async fn the_error_says_what_came_first_then_the_others_then_the_table() {
    let record = Record::default();
    let cuts = |ctx: &Context| {
        ctx.count_cut(Cut::Request, "GET /orders/7 from 10.0.0.7:41000");
        ctx.scope().spawn("stubborn", pending::<()>());
    };
    let app = app(&record)
        .0
        .resource(
            "db",
            async |_| Ok("a pool"),
            async |_| Err("disk full".into()),
        )
        .server(Starts("http", cuts));
    let error = run_and_stop(app.build()).await.unwrap_err();
    let place = "app/http/stubborn (spawned at crates/kit-app/tests/lifecycle/report.rs:";
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{error}");
    let first =
        format!("http: 1 request (GET /orders/7 from 10.0.0.7:41000), http: 1 task ({place}");
    assert!(lines[0].starts_with(&first), "{error}");
    assert_eq!(
        lines[1],
        "  also: resource db could not be closed: disk full"
    );

    // What `fn main() -> Result<(), RunError>` prints is no dump of structures.
    let block = format!("{error:?}");
    assert_eq!(block, format!("{error:#}"));
    let starts = format!("{error}\napp stopped (done) in ");
    assert!(block.starts_with(&starts), "{block}");
    for line in [
        "\n  http       servers    0.0ns     18.0s       1      cut     1 request, 1 task\n",
        "\n  db         resources  0.0ns     0.0ns       0      failed\n",
        "\n  http: cut 1 request (GET /orders/7 from 10.0.0.7:41000)\n",
        &format!("\n  http: cut task {place}"),
    ] {
        assert!(block.contains(line), "no {line:?} in {block}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_says_how_each_component_has_ended() {
    let record = Record::default();
    let dies = Fake::new("dies");
    let app = app(&record)
        .0
        .server(dies.clone())
        .server(Fake::new("http"))
        .after_start("kills", async move |_| {
            dies.dies.notify_one();
            pending().await
        });
    let error = app.build().run().await.unwrap_err();
    let ends = |report: &kit_app::Report| {
        let components = report.components.iter();
        let mut ends: Vec<_> = components.map(|of| (of.name.clone(), of.end)).collect();
        ends.sort_by(|a, b| a.0.cmp(&b.0));
        ends
    };
    let [drained, failed] = [ComponentEnd::Drained, ComponentEnd::Failed];
    let expected = [("dies".to_owned(), failed), ("http".to_owned(), drained)];
    assert_eq!(ends(error.report()), expected);

    let app = crate::fakes::app(&record)
        .0
        .server(Fake::new("http"))
        .server(Fake {
            start: Start::Fails,
            ..Fake::new("taken")
        });
    let error = app.build().run().await.unwrap_err();
    let not_ready = ComponentEnd::NotReady;
    let expected = [
        ("http".to_owned(), drained),
        ("taken".to_owned(), not_ready),
    ];
    assert_eq!(ends(error.report()), expected);
    let taken = error
        .report()
        .components
        .iter()
        .find(|of| of.name == "taken");
    assert_eq!(taken.unwrap().ready_in, None);
}
