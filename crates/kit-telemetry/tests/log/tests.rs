//! What a program's log does in front of readers of each kind.

use serde_json::Value;

use crate::program::{Program, ask, call};

/// The lines of the log in JSON.
fn read(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| serde_json::from_str(line).ok();
    lines.iter().filter_map(parse).collect()
}

fn with<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    let lines = lines.iter();
    lines.filter(|line| line["message"] == message).collect()
}

#[test]
fn a_log_that_nothing_reads_holds_up_no_start_no_request_and_no_stop() {
    let program = Program::start("full", "");
    for _ in 0..2000 {
        let (status, body) = ask(program.http, "GET", "/", "", "");
        assert_eq!((status, &body[..]), (200, "hello"));
    }
    call(program.grpc);
    // A panic of a plain thread waits for its line, and for its limit at most.
    assert_eq!(ask(program.http, "GET", "/panic", "", "").0, 200);
    let (_, page) = ask(program.admin, "GET", "/log?format=json", "", "");
    let page: Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["lines"]["written"], 0, "{page}");
    assert!(page["lines"]["dropped"].as_u64() > Some(0), "{page}");
    let (status, _) = program.end();
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn each_line_names_its_instance_and_its_request_and_the_last_is_written() {
    let program = Program::start("reads", "");
    let traced = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\
                  x-request-id: r-1\r\n";
    assert_eq!(ask(program.http, "GET", "/", traced, "").0, 200);
    call(program.grpc);
    assert_eq!(ask(program.http, "GET", "/panic", "", "").0, 200);
    let (status, lines) = program.end();
    assert_eq!(status.code(), Some(0), "{status}");
    let all = read(&lines);

    let early = with(&all, "before the app")[0];
    assert_eq!(
        (&early["service"], &early["id"]),
        (&"early".into(), &Value::Null)
    );
    let request = with(&all, "a request")[0];
    assert_eq!(request["service"], "orders");
    assert_eq!(request["version"], "1.2.0");
    assert_eq!(request["id"], "orders-1");
    assert_eq!(request["request_id"], "r-1");
    assert_eq!(request["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(request["span_id"].as_str().map(str::len), Some(16));
    let call = with(&all, "a call")[0];
    for (id, length) in [("request_id", 36), ("trace_id", 32), ("span_id", 16)] {
        assert_eq!(call[id].as_str().map(str::len), Some(length), "{call}");
    }
    assert_eq!(with(&all, "its details"), [&Value::Null; 0]);

    let panicked: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("on purpose"))
        .collect();
    assert_eq!(panicked.len(), 1, "{panicked:?}");
    let panicked: Value = serde_json::from_str(panicked[0]).unwrap();
    let place = panicked["place"].as_str().unwrap();
    assert!(place.contains("program.rs:"), "{panicked}");
    assert_eq!(
        (&panicked["level"], &panicked["thread"]),
        (&"error".into(), &"plain".into())
    );

    // Two servers, the app, and the worker of metrics.
    let stopped = 3 + usize::from(cfg!(any(feature = "prometheus", feature = "otlp")));
    assert_eq!(with(&all, "stopped").len(), stopped);
    assert_eq!(all.last().unwrap()["message"], "the very last line");
    let planned = all
        .iter()
        .find(|line| line["message"].to_string().contains("last steps 500ms"));
    assert!(planned.is_some(), "{lines:#?}");
}

#[test]
fn the_journal_finds_the_priority_of_each_line() {
    let program = Program::start("journal", "");
    assert_eq!(ask(program.http, "GET", "/", "", "").0, 200);
    assert_eq!(ask(program.http, "GET", "/warn", "", "").0, 200);
    assert_eq!(ask(program.http, "GET", "/panic", "", "").0, 200);
    assert_eq!(ask(program.admin, "PUT", "/log", "", "debug").0, 200);
    assert_eq!(ask(program.http, "GET", "/", "", "").0, 200);
    let (status, lines) = program.end();
    assert_eq!(status.code(), Some(0), "{status}");
    let mut seen = Vec::new();
    for line in lines.iter().filter(|line| line.contains(r#""target":"#)) {
        let (priority, line) = line.split_at(3);
        let line: Value = serde_json::from_str(line).expect(line);
        let expected = match line["level"].as_str() {
            Some("error") => "<3>",
            Some("warn") => "<4>",
            Some("info") => "<6>",
            _ => "<7>",
        };
        assert_eq!(priority, expected, "{line}");
        seen.push(expected);
    }
    for priority in ["<3>", "<4>", "<6>", "<7>"] {
        assert!(seen.contains(&priority), "{priority} in {lines:#?}");
    }
}

#[test]
fn the_filter_is_changed_by_put_and_goes_back_after_its_time() {
    let program = Program::start("reads", "");
    let put = |path: &str, body: &str| ask(program.admin, "PUT", path, "", body);
    let (status, page) = put("/log", "info,orders=debug");
    assert_eq!(status, 200);
    assert!(
        page.starts_with("filter      info,orders=debug\nconfigured  info\n"),
        "{page}"
    );
    assert_eq!(ask(program.http, "GET", "/", "", "").0, 200);

    let (status, why) = put("/log", "info,orders=debgu");
    assert_eq!(status, 400);
    assert_eq!(
        why,
        "the filter `info,orders=debgu` of the log is wrong at `orders=debgu`: `debgu` is no level; \
         write levels (error, warn, info, debug, trace, off) and targets, such as `info,orders=debug`\n"
    );
    for (time, why) in [
        ("10", "the parameter `for` is wrong: 10 has no unit"),
        (
            "0s",
            "the parameter `for` is 0s: it has to be longer than zero",
        ),
        (
            "25h",
            "the parameter `for` is 25h: it has to be longer than zero",
        ),
    ] {
        let (status, body) = put(&format!("/log?for={time}"), "debug");
        assert_eq!(status, 400);
        assert!(body.starts_with(why), "{body}");
    }
    assert_eq!(ask(program.admin, "POST", "/log", "", "").0, 405);
    let page = || ask(program.admin, "GET", "/log", "", "").1;
    assert!(page().starts_with("filter      info,orders=debug\n"));

    let (_, page_for_a_time) = put("/log?for=10m", "off");
    assert!(
        page_for_a_time.starts_with("filter      off, back in 599s\n"),
        "{page_for_a_time}"
    );
    put("/log?for=50ms", "off");
    while !page().starts_with("filter      info\n") {
        std::thread::yield_now();
    }
    assert_eq!(ask(program.http, "GET", "/", "", "").0, 200);
    let (_, lines) = program.end();
    let all = read(&lines);
    assert_eq!(with(&all, "its details").len(), 1);
    assert_eq!(with(&all, "a request").len(), 2);
    let changes = with(&all, "the filter of the log was changed");
    let changes = changes
        .iter()
        .map(|line| [&line["from"], &line["to"], &line["for"]]);
    let none = &Value::Null;
    assert_eq!(
        changes.collect::<Vec<_>>(),
        [
            [&"info".into(), &"info,orders=debug".into(), none],
            [&"info,orders=debug".into(), &"off".into(), &"10m".into()],
            [&"off".into(), &"off".into(), &"50ms".into()],
            [&"off".into(), &"info".into(), none],
        ]
    );
}

#[test]
fn a_warning_of_a_request_has_its_ids_also_when_the_filter_lets_only_warnings_pass() {
    let program = Program::start("reads", "");
    assert_eq!(ask(program.admin, "PUT", "/log", "", "warn").0, 200);
    let id = "x-request-id: r-1\r\n";
    assert_eq!(ask(program.http, "GET", "/warn", id, "").0, 200);
    assert_eq!(ask(program.admin, "PUT", "/log", "", "off").0, 200);
    assert_eq!(ask(program.http, "GET", "/warn", id, "").0, 200);
    let (_, lines) = program.end();
    let all = read(&lines);
    let warnings = with(&all, "a warning");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["request_id"], "r-1");
    let trace = warnings[0]["trace_id"].as_str();
    assert_eq!(trace.map(str::len), Some(32), "{warnings:?}");
}

#[test]
fn a_change_needs_the_token_and_the_page_none() {
    let program = Program::start("token", "");
    assert_eq!(ask(program.admin, "GET", "/log", "", "").0, 200);
    assert_eq!(ask(program.admin, "PUT", "/log", "", "debug").0, 401);
    let token = "authorization: Bearer s3cret\r\n";
    assert_eq!(ask(program.admin, "PUT", "/log", token, "debug").0, 200);
    let page = "origin: http://localhost\r\nauthorization: Bearer s3cret\r\n";
    assert_eq!(ask(program.admin, "PUT", "/log", page, "debug").0, 403);
    program.end();
}

#[test]
fn sighup_reads_the_filter_again_and_keeps_it_when_the_new_one_is_wrong() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "info,orders=trace").unwrap();
    let program = Program::start("reads", file.path().to_str().unwrap());
    let page = || ask(program.admin, "GET", "/log", "", "").1;
    program.signal("-HUP");
    while !page().contains("configured  info,orders=trace\n") {
        std::thread::yield_now();
    }
    assert!(page().starts_with("filter      info,orders=trace\n"));
    let events = || ask(program.admin, "GET", "/lifecycle?format=json", "", "").1;
    std::fs::write(file.path(), "info,orders=loud").unwrap();
    program.signal("-HUP");
    while !events().contains("`loud` is no level") {
        std::thread::yield_now();
    }
    assert!(page().starts_with("filter      info,orders=trace\n"));
    let (status, _) = program.end();
    assert_eq!(status.code(), Some(0));
}
