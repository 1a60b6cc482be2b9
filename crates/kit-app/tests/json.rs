//! The report as JSON, and options from JSON.

use kit_app::{App, RuntimeOptions, Signals};
use kit_transport::{Context, Listening, Server};
use serde_json::{Value, json};

struct Raw;

#[async_trait::async_trait]
impl Server for Raw {
    fn name(&self) -> &str {
        "raw"
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, kit_app::BoxError> {
        let stop = ctx.scope().token().clone();
        ctx.scope()
            .spawn("serve", async move { stop.cancelled().await });
        Ok(vec![Listening::tcp("udp", ([127, 0, 0, 1], 7).into())])
    }
}

#[tokio::test]
async fn a_report_is_json() {
    let app = App::builder("orders")
        .id("orders-1")
        .signals(Signals::none())
        .resource(
            "db",
            async |_| Ok("a pool"),
            async |_| Err("disk full".into()),
        )
        .server(Raw)
        .after_start("stops", async |hook| {
            hook.handle().stop("enough");
            Ok(())
        })
        .build();
    let error = app.run().await.unwrap_err();
    let report = serde_json::to_value(error.report()).unwrap();
    let at = |path: &str| report.pointer(path).unwrap_or(&Value::Null);
    for (path, expected) in [
        ("/name", json!("orders")),
        ("/id", json!("orders-1")),
        ("/exit_code", json!(1)),
        ("/cause", json!({ "Requested": "enough" })),
        ("/was_ready", json!(false)),
        (
            "/failures/0",
            json!("resource db could not be closed: disk full"),
        ),
        ("/hooks/0/stage", json!("after-start")),
        ("/components/0/name", json!("raw")),
        ("/components/0/listening/0", json!("udp://127.0.0.1:7")),
        ("/components/0/end", json!("drained")),
        (
            "/components/0/tasks/tasks/0/path",
            json!("orders/raw/serve"),
        ),
        (
            "/resources/0/error",
            json!("resource db could not be closed: disk full"),
        ),
    ] {
        assert_eq!(*at(path), expected, "{path} of {report:#}");
    }
    assert!(at("/components/0/ready_in/nanos").is_number(), "{report:#}");
}

#[test]
fn the_options_of_a_runtime_are_read_and_an_unknown_one_is_an_error() {
    let read: RuntimeOptions = serde_json::from_value(json!({ "worker_threads": 2 })).unwrap();
    let expected = RuntimeOptions {
        worker_threads: Some(2),
        ..RuntimeOptions::default()
    };
    assert_eq!(read, expected);
    let error = serde_json::from_value::<RuntimeOptions>(json!({ "workers": 2 })).unwrap_err();
    assert!(
        error.to_string().contains("unknown field `workers`"),
        "{error}"
    );
}
