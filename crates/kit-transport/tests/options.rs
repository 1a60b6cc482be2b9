//! The options of servers, read from a file, written back, described by a schema, and applied.

use std::time::Duration;

use axum::Router;
use kit_transport::http::ErrorShape;
use kit_transport::layers::{self, ConcurrencyOptions, RateOptions, Select, StandardOptions};
use kit_transport::{ConnectionOptions, HandOver, Http2Options, Listen, Phase, Tls, grpc, http};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CONNECTIONS: &str = r#"
    first_byte = "1s"
    head = "2s"
    idle = "3m"
    unread = "4s"
    max_age = "off"
    request_timeout = "5s"
    stream_grace = "6s"
    max_head = "16KiB"
    max_headers = 7
    max_body = "8MiB"
    max_connections = 9
    http2 = { max_streams = 10, max_early_resets = 11, max_faulty_streams = 12, ping_interval = "13s", ping_timeout = "14s" }
"#;

fn connections() -> ConnectionOptions {
    let seconds = Duration::from_secs;
    ConnectionOptions {
        first_byte: seconds(1),
        head: seconds(2),
        idle: seconds(180),
        unread: seconds(4),
        max_age: None,
        request_timeout: Some(seconds(5)),
        stream_grace: seconds(6),
        max_head: 16 * 1024,
        max_headers: 7,
        max_body: Some(8 << 20),
        http2: Http2Options {
            max_streams: 10,
            max_early_resets: 11,
            max_faulty_streams: 12,
            ping_interval: Some(seconds(13)),
            ping_timeout: seconds(14),
        },
        max_connections: 9,
    }
}

const TLS: &str = r#"
    certificate = "/etc/tls/tls.crt"
    key = "/etc/tls/tls.key"
    clients = { require = "/etc/tls/ca.crt" }
    reload = "off"
    handshake_timeout = "3s"
"#;

fn tls() -> Tls {
    Tls::new("/etc/tls/tls.crt", "/etc/tls/tls.key")
        .require_client_certificates("/etc/tls/ca.crt")
        .reload(None)
        .handshake_timeout(Duration::from_secs(3))
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A table of this with one key, for values that are no tables themselves.
#[derive(Debug, Deserialize, Serialize)]
struct One<T> {
    key: T,
}

fn one<T: DeserializeOwned>(value: &str) -> Result<T, String> {
    let read = toml::from_str::<One<T>>(&format!("key = {value}"));
    read.map(|one| one.key)
        .map_err(|error| error.message().to_owned())
}

/// The paths of all values that are no tables.
fn leaves(value: &Value, at: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                leaves(value, &format!("{at}/{key}"), found);
            }
        }
        leaf => found.push((at.to_owned(), leaf.clone())),
    }
}

/// Every key of `options` has another value than by default: so a key that the file of a test leaves out is
/// found.
fn every_key_differs_from_its_default<T: Default + Serialize>(options: &T) {
    let default = serde_json::to_value(T::default()).expect("can be written");
    let mut found = Vec::new();
    leaves(&default, "", &mut found);
    assert!(found.len() > 4, "{default:#}");
    let options = serde_json::to_value(options).expect("can be written");
    for (path, value) in found {
        assert_ne!(options.pointer(&path), Some(&value), "{path}");
    }
}

#[test]
fn limits_of_connections_are_read_and_written_as_text() {
    let read: ConnectionOptions = read(CONNECTIONS);
    assert_eq!(read, connections());
    every_key_differs_from_its_default(&read);
    let written = toml::to_string(&read).unwrap();
    assert_eq!(toml::from_str(&written), Ok(connections()), "{written}");
    let defaults: ConnectionOptions = toml::from_str("").unwrap();
    assert_eq!(defaults, ConnectionOptions::default());
    let written = toml::to_string(&defaults).unwrap();
    for line in [
        "idle = \"1m 15s\"",
        "max_head = \"64KiB\"",
        "max_age = \"30m\"",
    ] {
        assert!(written.contains(line), "{written}");
    }
}

#[test]
fn an_unknown_key_is_an_error_at_every_depth() {
    for text in ["idel = \"3s\"", "http2 = { max_stream = 1 }"] {
        let error = toml::from_str::<ConnectionOptions>(text).unwrap_err();
        assert!(error.message().starts_with("unknown field `"), "{error}");
    }
    for text in ["tsl = {}", "connections = { idel = \"3s\" }"] {
        let of_http = toml::from_str::<http::ServerOptions>(text).unwrap_err();
        let of_grpc = toml::from_str::<grpc::ServerOptions>(text).unwrap_err();
        for error in [of_http, of_grpc] {
            assert!(error.message().starts_with("unknown field `"), "{error}");
        }
    }
}

/// All of the server but its routes, which axum shows in an order that changes.
fn shown(server: &http::Server) -> String {
    let shown = format!("{server:?}");
    let (front, rest) = shown.split_once(", routes: ").expect("its routes");
    let (_, rest) = rest.split_once(", grpc: ").expect("its services");
    format!("{front}, grpc: {rest}")
}

#[test]
fn an_http_server_has_every_option_of_its_file() {
    let text = format!(
        "listen = \"localhost:8001\"\nerror_shape = \"problem\"\nconnect_info = true\nprivate = true\n\
         [tls]\n{TLS}\n[connections]\n{CONNECTIONS}"
    );
    let options: http::ServerOptions = read(&text);
    every_key_differs_from_its_default(&options);
    let by_hand = http::Server::new("localhost:8001", Router::new())
        .tls(tls())
        .connections(connections())
        .error_shape(ErrorShape::Problem)
        .connect_info()
        .private();
    let by_file = http::Server::new(":1", Router::new()).options(&options);
    assert_eq!(shown(&by_file), shown(&by_hand));
    let by_file = http::Server::with_options(&options, Router::new());
    assert_eq!(shown(&by_file), shown(&by_hand));
}

#[test]
fn a_grpc_server_has_every_option_of_its_file() {
    let text = format!(
        "listen = \"localhost:9001\"\nreflection = false\nprivate = true\n\
         [tls]\n{TLS}\n[connections]\n{CONNECTIONS}"
    );
    let options: grpc::ServerOptions = read(&text);
    every_key_differs_from_its_default(&options);
    let by_hand = grpc::Server::new("localhost:9001")
        .tls(tls())
        .connections(connections())
        .offer_reflection(false)
        .private();
    let by_file = grpc::Server::with_options(&options);
    assert_eq!(format!("{by_file:?}"), format!("{by_hand:?}"));
}

#[test]
fn default_options_change_nothing_of_a_server() {
    let options = http::ServerOptions::default();
    let with = http::Server::with_options(&options, Router::new());
    let without = http::Server::new(":8000", Router::new());
    assert_eq!(shown(&with), shown(&without));
    let options = grpc::ServerOptions::default();
    let (with, without) = (
        grpc::Server::with_options(&options),
        grpc::Server::new(":9000"),
    );
    assert_eq!(format!("{with:?}"), format!("{without:?}"));
    let read: http::ServerOptions = read("");
    assert_eq!(
        format!("{read:?}"),
        format!("{:?}", http::ServerOptions::default())
    );
}

#[test]
fn a_place_to_listen_at_is_a_text_or_a_table() {
    for text in [
        ":8000",
        "localhost:8000",
        "10.0.0.7:8000",
        "unix:/run/x.sock",
        "inherited:0",
        "inherited:http",
    ] {
        let read: Listen = one(&format!("{text:?}")).unwrap();
        let by_hand: Listen = text.parse().unwrap();
        assert_eq!(format!("{read:?}"), format!("{by_hand:?}"));
        let written = toml::to_string(&One { key: read }).unwrap();
        assert_eq!(written, format!("key = {text:?}\n"));
        let table: Listen = one(&format!("{{ address = {text:?} }}")).unwrap();
        assert_eq!(format!("{table:?}"), format!("{by_hand:?}"));
    }
    let table = r#"{ address = "unix:/run/x.sock", backlog = 7, no_delay = false, keep_alive = "off", mode = "0660", hand_over = "reuse-port" }"#;
    let by_hand = Listen::unix("/run/x.sock")
        .backlog(7)
        .no_delay(false)
        .keep_alive(None)
        .mode(0o660)
        .hand_over(HandOver::ReusePort);
    let read: Listen = one(table).unwrap();
    assert_eq!(format!("{read:?}"), format!("{by_hand:?}"));
    let written = toml::to_string(&One { key: read }).unwrap();
    let again: One<Listen> = toml::from_str(&written).unwrap();
    assert_eq!(format!("{:?}", again.key), format!("{by_hand:?}"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for wrong in [Listen::existing(listener), "greeter:80".into()] {
        assert!(serde_json::to_value(wrong).is_err());
    }
}

#[test]
fn a_wrong_place_to_listen_at_is_named_with_what_would_be_right() {
    for (text, says) in [
        (r#""http://0.0.0.0:8000""#, "write `0.0.0.0:8000`"),
        (r#"{ address = "greeter:80" }"#, "`greeter` is a name"),
        (r#"{ adress = ":80" }"#, "unknown field `adress`"),
        ("{ backlog = 7 }", "missing field `address`"),
        (
            "8000",
            "expected an address to listen at, such as \":8000\"",
        ),
        (r#"{ address = ":80", keep_alive = 15 }"#, "write \"15s\""),
        (
            r#"{ address = ":80", mode = "9" }"#,
            "write octal digits, such as \"0660\"",
        ),
        (r#"{ address = ":80", mode = "+7" }"#, "write octal digits"),
        (
            r#"{ address = ":80", mode = 0o660 }"#,
            "invalid type: integer `432`",
        ),
        (
            r#"{ address = ":80", hand_over = "systemd" }"#,
            "unknown variant `systemd`",
        ),
    ] {
        let error = one::<Listen>(text).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn tls_is_read_from_paths_and_keys_are_never_written() {
    let read: Tls = read(TLS);
    assert_eq!(format!("{read:?}"), format!("{:?}", tls()));
    let written = toml::to_string(&read).unwrap();
    let again: Tls = toml::from_str(&written).unwrap();
    assert_eq!(format!("{again:?}"), format!("{:?}", tls()));
    let short: Tls = toml::from_str("certificate = \"a\"\nkey = \"b\"").unwrap();
    assert_eq!(format!("{short:?}"), format!("{:?}", Tls::new("a", "b")));
    let may = "certificate = \"a\"\nkey = \"b\"\nclients = { accept = \"c\" }";
    let may: Tls = toml::from_str(may).unwrap();
    let expected = Tls::new("a", "b").accept_client_certificates("c");
    assert_eq!(format!("{may:?}"), format!("{expected:?}"));
    for (text, says) in [
        ("certificate = \"a\"", "missing field `key`"),
        (
            "certificate = \"a\"\nkey = \"b\"\nclients = \"must\"",
            "\"must\" does not say which clients may connect: write \"anonymous\", or a table",
        ),
        (
            "certificate = \"a\"\nkey = \"b\"\nclients = { requires = \"c\" }",
            "unknown variant `requires`",
        ),
        (
            "certificate = \"a\"\nkey = \"b\"\nhandshake_timeout = 3",
            "write \"3s\"",
        ),
    ] {
        let error = toml::from_str::<Tls>(text).unwrap_err();
        assert!(error.message().contains(says), "{error}");
    }
    let in_memory = Tls::new("a", "-----BEGIN PRIVATE KEY-----");
    let error = serde_json::to_string(&in_memory).unwrap_err();
    assert!(!error.to_string().contains("BEGIN"), "{error}");
}

#[test]
fn a_phase_is_a_name_or_a_number() {
    for (text, phase) in [
        ("\"resources\"", Phase::RESOURCES),
        ("\"workers\"", Phase::WORKERS),
        ("\"servers\"", Phase::SERVERS),
        ("150", Phase::new(150)),
        ("\"150\"", Phase::new(150)),
    ] {
        assert_eq!(one(text), Ok(phase));
    }
    let written = serde_json::to_value(Phase::new(150)).unwrap();
    assert_eq!(
        serde_json::from_value::<Phase>(written).unwrap(),
        Phase::new(150)
    );
    for text in ["\"server\"", "65536", "-1", "true"] {
        let error = one::<Phase>(text).unwrap_err();
        assert!(
            error.contains("\"servers\", or a number from 0 to 65535"),
            "{error}"
        );
    }
}

const LAYERS: &str = r#"
    request_id = { header = "x-id", always_new = true }
    concurrency = { max = 5, queue = 6, queue_timeout = "7s", retry_after = "8s" }

    [access_log]
    quiet = ["/ping", "/internal/*"]
    sample_one_in = 9
    query = true
    headers = ["user-agent"]
    redact_headers = ["x-secret"]
    redact_parameters = ["code"]

    [deadline]
    limit = "10s"
    header = "x-timeout"
    operations = [
        { operation = "/report", limit = "11s" },
        { operation = "/uploads/*", limit = "off" },
    ]
"#;

#[test]
fn the_standard_layers_have_every_option_of_their_file() {
    let seconds = Duration::from_secs;
    let options: StandardOptions = read(LAYERS);
    every_key_differs_from_its_default(&options);
    let log = layers::access_log()
        .quiet(Select::operation("/ping").or(Select::prefix("/internal/")))
        .sample_one_in(9)
        .query()
        .header("user-agent".try_into().unwrap())
        .redact_header("x-secret".try_into().unwrap())
        .redact_parameter("code");
    let deadline = layers::deadline(seconds(10))
        .for_operation(Select::operation("/report"), seconds(11))
        .for_operation(Select::prefix("/uploads/"), None)
        .header("x-timeout".try_into().unwrap());
    let limit = layers::concurrency_limit(5)
        .queue(6)
        .queue_timeout(seconds(7))
        .retry_after(seconds(8));
    let ids = layers::request_id().header("x-id".try_into().unwrap());
    let by_hand = layers::standard()
        .request_id(ids.always_new())
        .access_log(log)
        .deadline(deadline)
        .concurrency_limit(limit);
    let by_file = layers::standard().options(&options);
    assert_eq!(format!("{by_file:?}"), format!("{by_hand:?}"));
    let written = toml::to_string(&options).unwrap();
    assert_eq!(toml::from_str(&written), Ok(options), "{written}");
}

#[test]
fn default_options_are_the_standard_layers() {
    let options: StandardOptions = read("");
    assert_eq!(options, StandardOptions::default());
    let standard = layers::standard();
    let with = format!("{:?}", standard.clone().options(&options));
    assert_eq!(with, format!("{standard:?}"));
    let concurrency: ConcurrencyOptions = read("max = 5");
    assert_eq!(concurrency, ConcurrencyOptions::new(5));
    let limit = format!("{:?}", concurrency.layer());
    assert_eq!(limit, format!("{:?}", layers::concurrency_limit(5)));
}

#[test]
fn a_limit_of_rates_has_every_option_of_its_file() {
    let second = Duration::from_secs(1);
    let short: RateOptions = read("count = 5\nperiod = \"1s\"");
    assert_eq!(short, RateOptions::new(5, second));
    let rules = |layer: layers::RateLimit| {
        let shown = format!("{layer:?}");
        let (rules, _) = shown.split_once(", quotas: ").expect("its rules");
        rules.to_owned()
    };
    assert_eq!(rules(short.layer()), rules(layers::rate_limit(5, second)));
    let all = "count = 5\nperiod = \"1s\"\nburst = 6\nmost_keys = 7\nheader = \"x-key\"";
    let all: RateOptions = read(all);
    let expected = RateOptions {
        burst: Some(6),
        most_keys: 7,
        header: Some("x-key".try_into().unwrap()),
        ..RateOptions::new(5, second)
    };
    assert_eq!(all, expected);
    let by_hand = layers::rate_limit(5, second).burst(6).most_keys(7);
    assert_eq!(rules(all.layer()), rules(by_hand));
    assert_eq!(toml::from_str(&toml::to_string(&all).unwrap()), Ok(all));
}

#[test]
fn a_wrong_option_of_a_layer_is_named_with_what_would_be_right() {
    for (text, says) in [
        (
            "request_id = { header = \"x id\" }",
            "\"x id\" is no name of a header: write letters",
        ),
        (
            "access_log = { headers = [\"\"] }",
            "\"\" is no name of a header",
        ),
        ("access_log = { header = [] }", "unknown field `header`"),
        ("deadline = { limit = 5 }", "write \"5s\""),
        ("deadline = { header = 5 }", "expected the name of a header"),
        (
            "deadline = { operations = [{ operation = \"/a\" }] }",
            "missing field `limit`",
        ),
        ("concurrency = { queue = 5 }", "missing field `max`"),
    ] {
        let error = toml::from_str::<StandardOptions>(text).unwrap_err();
        assert!(error.message().contains(says), "{text}: {error}");
    }
}

/// The schema of a type and of what it refers to, as one list of tables of properties.
fn tables(schema: &Value) -> Vec<&Value> {
    let definitions = schema["$defs"].as_object();
    let all = definitions.into_iter().flat_map(|table| table.values());
    all.chain([schema]).collect()
}

#[test]
fn the_schema_describes_every_key_with_its_default_and_range() {
    let of_http = schemars::schema_for!(http::ServerOptions).to_value();
    let of_grpc = schemars::schema_for!(grpc::ServerOptions).to_value();
    let of_layers = schemars::schema_for!(StandardOptions).to_value();
    let of_rate = schemars::schema_for!(RateOptions).to_value();
    for schema in [&of_http, &of_grpc, &of_layers, &of_rate] {
        assert_eq!(schema["additionalProperties"], false);
        for table in tables(schema) {
            let properties = table["properties"].as_object();
            for (key, property) in properties.into_iter().flatten() {
                let text = property["description"].as_str().unwrap_or_default();
                assert!(text.len() > 10, "{key}: {property}");
            }
        }
    }
    let connections = &of_http["$defs"]["ConnectionOptions"]["properties"];
    for (pointer, expected) in [
        ("/idle/default", json!("1m 15s")),
        ("/idle/x-kit-unit", json!("duration")),
        ("/max_age/default", json!("30m")),
        ("/max_age/x-kit-unit", json!("limit")),
        ("/max_head/default", json!("64KiB")),
        ("/max_head/minimum", json!(8192)),
        ("/max_body/x-kit-unit", json!("size-limit")),
        ("/max_connections/minimum", json!(1)),
        ("/max_connections/default", json!(20_000)),
    ] {
        assert_eq!(connections.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert_eq!(of_http["properties"]["listen"]["default"], ":8000");
    assert_eq!(of_grpc["properties"]["listen"]["default"], ":9000");
}
