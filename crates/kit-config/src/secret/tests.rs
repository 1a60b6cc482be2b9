use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
#[cfg(target_os = "linux")]
use crate::testing::has_remains;

const VALUE: &str = "correct horse battery staple, and some more of it to be long";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    user: String,
    password: Secret<String>,
    keys: Vec<Secret<Vec<u8>>>,
    pin: Option<Secret<String>>,
}

fn settings() -> Settings {
    Settings {
        user: "orders".to_owned(),
        password: Secret::new(VALUE.to_owned()),
        keys: vec![Secret::new(VALUE.as_bytes().to_vec())],
        pin: Some(VALUE.to_owned().into()),
    }
}

#[test]
fn it_is_shown_nowhere() {
    let secret = Secret::new(VALUE.to_owned());
    assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "*** *** ***");
    assert_eq!(
        format!("{:?}", settings()),
        r#"Settings { user: "orders", password: ***, keys: [***], pin: Some(***) }"#
    );
    let json = serde_json::to_string(&settings()).expect("JSON");
    assert_eq!(
        json,
        r#"{"user":"orders","password":"***","keys":["***"],"pin":"***"}"#
    );
}

#[test]
fn a_panic_about_it_does_not_show_it() {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        assert_eq!(settings(), Settings::default(), "of {:?}", settings().pin);
    }));
    let message = panicked.expect_err("a panic");
    let message = message.downcast_ref::<String>().expect("a text");
    assert!(
        message.contains("password: ***") && !message.contains("horse"),
        "{message}"
    );
    let fail = |secret: String| Err::<(), _>(Secret::new(secret));
    let panicked = catch_unwind(|| fail(VALUE.to_owned()).expect("no error"));
    let message = panicked.expect_err("a panic");
    assert_eq!(
        message.downcast_ref::<String>().expect("a text"),
        "no error: ***"
    );
}

#[test]
fn an_error_while_it_is_read_does_not_repeat_it() {
    let read = |json: &str| serde_json::from_str::<Settings>(json);
    let error = read(r#"{"password": 271828182}"#).expect_err("a number");
    let error = error.to_string();
    assert!(
        error.starts_with("the secret, which is not shown, is not of the right type"),
        "{error}"
    );
    let error = read(r#"{"keys": ["horse"]}"#)
        .expect_err("a text")
        .to_string();
    assert!(!error.contains("horse"), "{error}");
    assert_eq!(
        read(r#"{"pin": "7"}"#).expect("JSON").pin,
        Some("7".to_owned().into())
    );
}

#[test]
fn only_a_serializer_that_knows_the_room_sees_it() {
    let secret = Secret::new("seven".to_owned());
    let hidden = || serde_json::to_value(&secret).expect("JSON");
    assert_eq!(shown::within(hidden), "seven");
    assert_eq!(hidden(), "***");
    let panicked = catch_unwind(|| shown::within(|| panic!("while it is shown")));
    panicked.expect_err("a panic");
    assert_eq!(hidden(), "***");
    let elsewhere =
        shown::within(|| std::thread::scope(|scope| scope.spawn(hidden).join().expect("no panic")));
    assert_eq!(elsewhere, "***");
}

#[test]
fn secrets_are_compared_by_value() {
    let secret = |text: &str| Secret::new(text.to_owned());
    assert!(secret("a") == secret("a"));
    for other in ["b", "", "ab"] {
        assert!(secret("a") != secret(other), "{other:?}");
    }
    assert_eq!(secret("a").clone(), secret("a"));
    assert_eq!(Secret::<String>::default(), secret(""));
}

#[test]
fn the_schema_is_that_of_the_value_with_a_mark() {
    let schema = schemars::schema_for!(Settings);
    let of_password = schema.pointer("/properties/password").expect("a property");
    assert_eq!(of_password.pointer("/type").expect("a type"), "string");
    assert_eq!(of_password.pointer("/x-kit-secret").expect("a mark"), true);
    assert_eq!(of_password.pointer("/writeOnly").expect("a mark"), true);
}

#[cfg(target_os = "linux")]
#[test]
fn a_drop_wipes_the_memory() {
    let secret = Secret::new(VALUE.to_owned());
    let place = secret.expose().as_ptr();
    assert!(has_remains(place, VALUE.as_bytes()));
    drop(secret);
    assert!(!has_remains(place, VALUE.as_bytes()));

    let mut bytes = VALUE.as_bytes().to_vec();
    bytes.truncate(1);
    let secret = Secret::new(bytes);
    let place = secret.expose().as_ptr();
    assert!(
        has_remains(place, VALUE.as_bytes()),
        "in the spare capacity"
    );
    drop(secret);
    assert!(
        !has_remains(place, VALUE.as_bytes()),
        "nor in the spare capacity"
    );
}
