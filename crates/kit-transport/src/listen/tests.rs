use std::path::PathBuf;

use super::*;
use crate::inherited::InheritedKey;

/// What it is parsed as, and written as.
#[track_caller]
fn at(text: &str, written: &str) -> At {
    let listen: Listen = text.parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(listen.to_string(), written);
    let again: Listen = written.parse().expect("what it writes, it reads");
    assert_eq!(format!("{:?}", again.at), format!("{:?}", listen.at));
    listen.at
}

#[test]
fn what_people_write_is_a_place() {
    assert!(matches!(at(":8000", ":8000"), At::Everywhere(8000)));
    assert!(matches!(at(":0", ":0"), At::Everywhere(0)));
    for text in ["localhost:8000", "LocalHost:8000"] {
        assert!(matches!(at(text, "localhost:8000"), At::Localhost(8000)));
    }
    for address in [
        "0.0.0.0:8000",
        "127.0.0.1:0",
        "[::]:8000",
        "[::1]:65535",
        "[fe80::1%3]:80",
    ] {
        let At::Address(parsed) = at(address, address) else {
            panic!("{address}")
        };
        assert_eq!(parsed, address.parse().unwrap());
    }
    for (text, path) in [
        ("unix:/run/x.sock", "/run/x.sock"),
        ("unix:///run/x.sock", "/run/x.sock"),
        ("unix:run/x.sock", "run/x.sock"),
        ("unix:/run/my app.sock", "/run/my app.sock"),
    ] {
        let At::Unix(parsed) = at(text, &format!("unix:{path}")) else {
            panic!("{text}")
        };
        assert_eq!(parsed, PathBuf::from(path));
    }
    assert!(matches!(
        at("inherited:2", "inherited:2"),
        At::Inherited(InheritedKey::Index(2))
    ));
    let http = InheritedKey::Name("http".to_owned());
    assert!(
        matches!(at("inherited:http", "inherited:http"), At::Inherited(wanted) if wanted == http)
    );
    let inherited: Listen = "inherited:2".parse().unwrap();
    assert_eq!(inherited.hand_over, HandOver::SharedListener);
}

#[test]
fn what_is_no_place_is_refused_with_what_would_be_right() {
    for (text, right) in [
        ("", "write `:8000` for every interface"),
        ("  ", "write `:8000` for every interface"),
        (" :8000", "a space in it; write `:8000`"),
        ("localhost: 8000", "write `localhost:8000`"),
        (":8000\n", "write `:8000`"),
        (
            "8000",
            "write `:8000` for every interface, or `localhost:8000`",
        ),
        ("80000", "write `:8000` for every interface"),
        (
            "localhost",
            "the port is missing; write such as `localhost:8000`",
        ),
        (
            "LOCALHOST:",
            "the port is missing; write such as `localhost:8000`",
        ),
        (
            "127.0.0.1",
            "the port is missing; write such as `127.0.0.1:8000`",
        ),
        ("[::1]", "the port is missing; write such as `[::1]:8000`"),
        (":", "the port is missing; write such as `:8000`"),
        (
            "127.0.0.1:70000",
            "the port `70000` is not a number from 0 to 65535",
        ),
        (":+80", "the port `+80` is not a number from 0 to 65535"),
        (":-1", "the port `-1` is not"),
        (":http", "the port `http` is not a number"),
        (
            "http://0.0.0.0:8000",
            "scheme of a URL does not belong here; write `0.0.0.0:8000`",
        ),
        ("https://:8443/", "write `:8443`"),
        ("tcp://localhost:1/path", "write `localhost:1`"),
        ("greeter.example:8000", "`greeter.example` is a name"),
        (
            "greeter:80",
            "such as `10.0.0.7:80`, or `:80` for every interface",
        ),
        ("greeter", "is a name"),
        ("*:80", "write `:80`"),
        ("127.1:80", "`127.1` is not an IPv4 address"),
        ("256.0.0.1:80", "`256.0.0.1` is not an IPv4 address"),
        ("::1:8000", "an IPv6 address stands in brackets"),
        ("::1", "write such as `[::1]:8000`"),
        ("::", "stands in brackets"),
        ("[::1:8000", "the bracket is not closed"),
        ("[::1]8000", "write such as `[::1]:8000`"),
        (
            "[]:80",
            "`` is not an IPv6 address; write such as `[::1]:80`",
        ),
        (
            "[127.0.0.1]:80",
            "brackets are for IPv6; write `127.0.0.1:80`",
        ),
        ("[fe80::1%eth0]:80", "write such as `[fe80::1%2]:80`"),
        ("/run/x.sock", "write `unix:/run/x.sock`"),
        ("./x.sock", "write `unix:./x.sock`"),
        (":8000/hello", "write `:8000`"),
        (
            "unix:",
            "the path is missing; write `unix:/run/server.sock`",
        ),
        ("unix://", "the path is missing"),
        ("unix:/run/x.sock\n", "write `unix:/run/x.sock`"),
        (
            "unix://run/x.sock",
            "write `unix:/run/x.sock`, or `unix:run/x.sock`",
        ),
        ("unix:@name", "not an abstract name"),
        ("inherited:", "write `inherited:0`"),
        (
            "inherited:99999999999999999999999",
            "write `inherited:0` or `inherited:http`",
        ),
        ("inherited:a b", "write `inherited:0` or `inherited:http`"),
        ("inherited:a:b", "write `inherited:0` or `inherited:http`"),
        ("\u{fffd}:80", "is a name"),
    ] {
        let error = text.parse::<Listen>().map(|listen| listen.at).unwrap_err();
        assert_eq!(error.text(), text);
        let said = error.to_string();
        assert!(said.contains(right), "{said}");
        assert!(
            said.starts_with(&format!("`{text}` is no address")),
            "{said}"
        );
        assert!(said.contains("write "), "{said}");
    }
}

/// A server's builder takes any text; its start says what is wrong with it.
#[test]
fn a_wrong_text_is_kept_until_the_start() {
    let listen = Listen::from("greeter:80");
    assert_eq!(listen.to_string(), "greeter:80");
    assert!(matches!(listen.at, At::Unusable(_)));
    let listen = Listen::from(":80");
    assert!(matches!(listen.at, At::Everywhere(80)));
}

#[cfg(all(feature = "serde", feature = "http"))]
#[test]
fn a_file_says_it_in_the_same_words() {
    let listen: Listen = serde_json::from_str("\":8000\"").unwrap();
    assert_eq!(listen.to_string(), ":8000");
    for (json, said) in [
        ("\"greeter:80\"", "`greeter:80` is no address to listen at"),
        ("8000", "expected an address to listen at, such as"),
    ] {
        let error = serde_json::from_str::<Listen>(json).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// What an error says to write can be written.
#[test]
fn what_is_proposed_can_be_parsed() {
    for text in [
        "",
        "8000",
        "localhost",
        "http://localhost",
        "http://0.0.0.0:8000",
        "http://",
        "http://greeter/x",
        "localhost/x",
        "local host",
        "a b:80",
        "/run/x.sock",
        "unix:",
        "*:80",
        "[]:80",
        "::1",
        "[127.0.0.1]:80",
        "greeter:80",
        "tcp://:80",
    ] {
        let error = text.parse::<Listen>().map(|_| ()).unwrap_err().to_string();
        let proposed = error
            .rsplit_once("write ")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        let first = proposed.split('`').nth(1).unwrap_or_default();
        assert!(first.parse::<Listen>().is_ok(), "{error}");
    }
}
