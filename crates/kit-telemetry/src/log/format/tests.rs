//! Each form of one line, to the byte.

use std::time::{Duration, UNIX_EPOCH};

use tracing::Level;

use super::*;
use crate::log::line::Value;

/// A line whose texts come from an attacker.
fn line() -> Line<'static> {
    let text = |value: &str| Value::Text(value.to_owned());
    Line {
        time: UNIX_EPOCH + Duration::from_micros(1_764_249_030_123_456),
        level: Level::INFO,
        target: "orders::db",
        message: "hello\nlevel=error forged".to_owned(),
        fields: vec![
            ("answer".into(), Value::Bare("42".to_owned())),
            ("name".into(), text("a \"b\"\r\u{1b}[2J\u{7f}\u{85}")),
            ("turned".into(), text("x\u{202e}y\u{2028}z\\")),
            ("empty".into(), text("")),
            ("a b=\n".into(), text("c=d")),
        ],
        ids: vec![("request_id", "r-1".to_owned())],
        identity: vec![
            ("service", "orders".to_owned()),
            ("id", "orders 1".to_owned()),
        ],
    }
}

#[test]
fn pretty() {
    let expected = concat!(
        r#"2025-11-27T13:10:30.123456Z  INFO orders::db: hello\nlevel=error forged answer=42 "#,
        r#"name="a \"b\"\r\u{1b}[2J\u{7f}\u{85}" turned="x\u{202e}y\u{2028}z\\" empty="" "#,
        r#"a_b__="c=d" request_id=r-1 service=orders id="orders 1""#,
        "\n"
    );
    let format = Format::choose(LogFormat::Pretty, false);
    assert_eq!(format.write(&line()), expected);
    let coloured = Format::choose(LogFormat::Auto, true).write(&line());
    assert!(
        coloured.contains("\u{1b}[32m INFO\u{1b}[0m"),
        "{coloured:?}"
    );
}

#[test]
fn logfmt() {
    let expected = concat!(
        r#"time=2025-11-27T13:10:30.123456Z level=info target=orders::db "#,
        r#"message="hello\nlevel=error forged" service=orders id="orders 1" request_id=r-1 "#,
        r#"answer=42 name="a \"b\"\r\u{1b}[2J\u{7f}\u{85}" turned="x\u{202e}y\u{2028}z\\" "#,
        r#"empty="" a_b__="c=d""#,
        "\n"
    );
    let format = Format::choose(LogFormat::Logfmt, false);
    assert_eq!(format.write(&line()), expected);
}

#[test]
fn json() {
    let expected = concat!(
        r#"{"time":"2025-11-27T13:10:30.123456Z","level":"info","target":"orders::db","#,
        r#""message":"hello\nlevel=error forged","service":"orders","id":"orders 1","#,
        r#""request_id":"r-1","answer":42,"name":"a \"b\"\r\u001b[2J"#,
        "\u{7f}\u{85}",
        r#"","turned":"x"#,
        "\u{202e}y\u{2028}",
        r#"z\\","empty":"","a b=\n":"c=d"}"#,
        "\n"
    );
    let written = Format::choose(LogFormat::Auto, false).write(&line());
    assert_eq!(written, expected);
    let read: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(read["name"], "a \"b\"\r\u{1b}[2J\u{7f}\u{85}");
}

#[test]
fn each_level_has_its_priority_before_the_line() {
    for format in [LogFormat::Pretty, LogFormat::Json, LogFormat::Logfmt] {
        let format = Format::choose(format, false);
        for (level, priority) in [
            (Level::ERROR, "<3>"),
            (Level::WARN, "<4>"),
            (Level::INFO, "<6>"),
            (Level::DEBUG, "<7>"),
            (Level::TRACE, "<7>"),
        ] {
            let line = Line { level, ..line() };
            let plain = format.write(&line);
            let with = format.with_priority(true).write(&line);
            assert_eq!(with, format!("{priority}{plain}"));
        }
    }
}
