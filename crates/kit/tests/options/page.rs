//! The page: a section for each struct of options.

use kit::{grpc, http, layers};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use crate::rows::{Row, rows};
use crate::text::{paragraph, plain};

const INTRO: &str = "\
# Options

Every option that a file of settings can hold, with its type, its default and what it does. The page is written from \
the JSON Schemas of the options (feature `schema`), which come from their documentation; a test fails when it is out of \
date.

The keys stand where the settings of a program put them: a program with a field `app: AppOptions` has \
`app.timeouts.stop`. A duration is a text with its unit, such as `\"250ms\"` or `\"1h 30m\"`; a size is a text such as \
`\"16MiB\"`, or a plain number of bytes; `\"off\"` stands for no limit. Where the column of defaults is \
empty, the description names the default.
";

/// One struct, by the path that a program names it by.
struct Section {
    path: &'static str,
    schema: Value,
}

fn section<T: JsonSchema>(path: &'static str) -> Section {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>();
    Section {
        path,
        schema: schema.to_value(),
    }
}

/// The whole page.
pub(crate) fn page() -> String {
    let sections = [
        section::<kit::AppOptions>("AppOptions"),
        section::<http::ServerOptions>("http::ServerOptions"),
        section::<grpc::ServerOptions>("grpc::ServerOptions"),
        section::<kit::Listen>("Listen"),
        section::<kit::Tls>("Tls"),
        section::<kit::ConnectionOptions>("ConnectionOptions"),
        section::<layers::StandardOptions>("layers::StandardOptions"),
        section::<layers::RateOptions>("layers::RateOptions"),
        section::<kit::telemetry::TelemetryOptions>("telemetry::TelemetryOptions"),
        section::<kit::WorkerOptions>("WorkerOptions"),
        section::<kit::Every>("Every"),
        section::<kit::CheckOptions>("CheckOptions"),
        section::<kit::HookOptions>("HookOptions"),
        section::<kit::ResourceLimits>("ResourceLimits"),
    ];
    let elsewhere: Vec<_> = sections.iter().map(|section| section.path).collect();
    let mut page = INTRO.to_owned();
    for Section { path, schema } in &sections {
        let description = schema["description"].as_str().unwrap_or_default();
        page += &format!("\n## `{path}`\n\n{}\n", paragraph(description));
        page += "\n| key | type | default | what it does |\n|---|---|---|---|\n";
        for row in rows(schema, &elsewhere) {
            let Row {
                key,
                kind,
                default,
                description,
            } = row;
            page += &format!(
                "| `{key}` | {} | {default} | {description} |\n",
                plain(&kind)
            );
        }
    }
    page
}
