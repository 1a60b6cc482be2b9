//! Telemetry as a whole: the keys of the log hold for the collector.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use kit_telemetry::otlp::{OtlpOptions, OtlpProtocol};
use kit_telemetry::{LogOptions, Telemetry, TelemetryOptions};

/// Reads one request whole and answers it.
fn body_of(mut stream: TcpStream) -> Vec<u8> {
    const LENGTH: &str = "content-length: ";
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head comes");
        request.push(byte[0]);
    }
    let head = String::from_utf8(request).expect("a head is text");
    let length = head.lines().find_map(|line| line.strip_prefix(LENGTH));
    let length = length.expect("a length").parse().expect("a number");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body comes");
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).expect("it waits for an answer");
    body
}

#[test]
fn a_key_of_the_log_does_not_reach_the_collector() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let options = TelemetryOptions {
        log: LogOptions {
            filter: "off".to_owned(),
            redact: vec!["card".to_owned()],
            ..LogOptions::default()
        },
        traces: OtlpOptions {
            endpoint: Some(format!("http://{address}")),
            protocol: OtlpProtocol::Http,
            metrics: false,
            ..OtlpOptions::default()
        },
        ..TelemetryOptions::default()
    };
    let telemetry = Telemetry::init(&options, "orders").expect("the options are right");
    drop(tracing::info_span!(
        "pay",
        card = "hunter2",
        password = "hunter2",
        user = "kit"
    ));
    let (stream, _) = listener.accept().expect("the batch is sent");
    let body = String::from_utf8_lossy(&body_of(stream)).into_owned();
    drop(telemetry);
    assert!(body.contains("kit") && !body.contains("hunter2"), "{body}");
    assert_eq!(body.matches("[redacted]").count(), 2, "{body}");
}
