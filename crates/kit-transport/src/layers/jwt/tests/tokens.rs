use std::time::Duration;

use ::http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::signer::{ALL, Signer};
use crate::ApiError;
use crate::layers::authenticate::Scheme as _;
use crate::layers::jwt::token::Unacceptable;
use crate::layers::jwt::{Algorithm, Bearer, Keys};

#[derive(Debug, Deserialize, PartialEq)]
struct User {
    sub: String,
}

const NOW: f64 = 1_800_000_000.0;

fn bearer(signer: &Signer) -> Bearer<User> {
    Bearer::new(Keys::new([signer.key(None)]).unwrap())
}

fn check(bearer: &Bearer<User>, signer: &Signer, claims: &str) -> Result<User, Unacceptable> {
    let token = signer.token(signer.head(None), claims);
    bearer.claims_of(token.as_bytes(), NOW)
}

#[test]
fn each_algorithm_accepts_the_tokens_of_its_key_and_of_no_other_one() {
    let claims = r#"{"sub":"alice","exp":1900000000}"#;
    let signers: Vec<_> = ALL.into_iter().map(Signer::new).collect();
    for signer in &signers {
        let bearer = bearer(signer);
        let user = check(&bearer, signer, claims).unwrap();
        assert_eq!(user.sub, "alice");
        for other in &signers {
            if other.algorithm != signer.algorithm {
                assert!(
                    check(&bearer, other, claims).is_err(),
                    "{}",
                    other.algorithm
                );
            }
        }
    }
}

#[test]
fn times_count_with_the_leeway_and_to_the_second() {
    let signer = Signer::new(Algorithm::Hs256);
    let usual = bearer(&signer);
    let strict = bearer(&signer).leeway(Duration::ZERO);
    let out = |claims: &str, of: &Bearer<User>| match check(of, &signer, claims) {
        Ok(_) => "accepted",
        Err(Unacceptable::OutOfTime(_)) => "out of time",
        Err(_) => "invalid",
    };
    for (claims, with_leeway, without) in [
        (r#""exp":1800000001"#, "accepted", "accepted"),
        (r#""exp":1800000000"#, "accepted", "out of time"),
        (r#""exp":1800000000.5"#, "accepted", "accepted"),
        (r#""exp":1799999941"#, "accepted", "out of time"),
        (r#""exp":1799999940.5"#, "accepted", "out of time"),
        (r#""exp":1799999940"#, "out of time", "out of time"),
        (r#""exp":0"#, "out of time", "out of time"),
        (r#""exp":-1"#, "out of time", "out of time"),
        (r#""exp":18446744073709551615"#, "accepted", "accepted"),
        (r#""exp":1e300"#, "accepted", "accepted"),
        (r#""exp":1e999"#, "invalid", "invalid"),
        (r#""exp":"1900000000""#, "invalid", "invalid"),
        (r#""exp":null"#, "invalid", "invalid"),
        (r#""exp":[1900000000]"#, "invalid", "invalid"),
        (r#""nbf":1"#, "invalid", "invalid"),
        (
            r#""exp":1900000000,"nbf":1800000000"#,
            "accepted",
            "accepted",
        ),
        (
            r#""exp":1900000000,"nbf":1800000060"#,
            "accepted",
            "out of time",
        ),
        (
            r#""exp":1900000000,"nbf":1800000061"#,
            "out of time",
            "out of time",
        ),
        (r#""exp":1900000000,"nbf":"now""#, "invalid", "invalid"),
        (r#""exp":1900000000,"nbf":null"#, "invalid", "invalid"),
    ] {
        let claims = format!(r#"{{"sub":"a",{claims}}}"#);
        assert_eq!(out(&claims, &usual), with_leeway, "{claims}");
        assert_eq!(out(&claims, &strict), without, "{claims}");
    }
    let endless = bearer(&signer).accept_without_expiry();
    assert_eq!(out(r#"{"sub":"a"}"#, &endless), "accepted");
    assert_eq!(out(r#"{"sub":"a","exp":1}"#, &endless), "out of time");
    assert_eq!(out(r#"{"sub":"a","exp":"1"}"#, &endless), "invalid");
}

#[test]
fn issuer_audience_and_required_claims_are_what_the_server_named() {
    let signer = Signer::new(Algorithm::Hs256);
    let accepts = |bearer: &Bearer<User>, claims: &str| {
        check(
            bearer,
            &signer,
            &format!(r#"{{"sub":"a","exp":1900000000{claims}}}"#),
        )
        .is_ok()
    };
    let none = bearer(&signer);
    assert!(accepts(&none, r#","iss":"x""#));
    assert!(!accepts(&none, r#","aud":"orders""#));
    assert!(!accepts(&none, r#","aud":["orders"]"#));
    assert!(accepts(
        &bearer(&signer).any_audience(),
        r#","aud":["orders"]"#
    ));
    let named = bearer(&signer).audience("orders").audience("stock");
    for (claims, expected) in [
        (r#","aud":"orders""#, true),
        (r#","aud":["x","stock"]"#, true),
        (r#","aud":"orders2""#, false),
        (r#","aud":"Orders""#, false),
        (r#","aud":["x"]"#, false),
        (r#","aud":[]"#, false),
        (r#","aud":[["orders"]]"#, false),
        (r#","aud":{"orders":1}"#, false),
        (r#","aud":null"#, false),
        ("", false),
    ] {
        assert_eq!(accepts(&named, claims), expected, "{claims}");
    }
    let issued = bearer(&signer).issuer("https://id");
    for (claims, expected) in [
        (r#","iss":"https://id""#, true),
        (r#","iss":"https://id/""#, false),
        (r#","iss":["https://id"]"#, false),
        ("", false),
    ] {
        assert_eq!(accepts(&issued, claims), expected, "{claims}");
    }
    let required = bearer(&signer).require("tenant");
    assert!(accepts(&required, r#","tenant":1"#));
    assert!(!accepts(&required, r#","tenant":null"#));
    assert!(!accepts(&required, ""));
    assert!(check(&none, &signer, r#"{"sub":7,"exp":1900000000}"#).is_err());
    assert!(check(&none, &signer, r#"{"exp":1900000000}"#).is_err());
}

#[test]
fn a_key_is_chosen_by_its_id_and_replaced_while_it_is_in_use() {
    let [old, new] = [Algorithm::Hs256, Algorithm::EdDsa].map(Signer::new);
    let keys = Keys::new([old.key(Some("old"))]).unwrap();
    let bearer = Bearer::<User>::new(keys.clone());
    let claims = r#"{"sub":"a","exp":1900000000}"#;
    let accepts = |signer: &Signer, id: Option<&str>| {
        let token = signer.token(signer.head(id), claims);
        bearer.claims_of(token.as_bytes(), NOW).is_ok()
    };
    assert!(accepts(&old, Some("old")));
    assert!(!accepts(&old, None));
    assert!(!accepts(&old, Some("other")));
    assert!(!accepts(&new, Some("new")));
    keys.replace([old.key(Some("old")), new.key(Some("new"))])
        .unwrap();
    assert!(accepts(&old, Some("old")) && accepts(&new, Some("new")));
    assert!(!accepts(&old, Some("new")) && !accepts(&new, Some("old")));
    assert!(keys.replace([]).is_err());
    assert!(accepts(&new, Some("new")));
    keys.replace([new.key(None), old.key(Some("old"))]).unwrap();
    assert!(accepts(&new, None) && accepts(&new, Some("any")));
    assert!(!accepts(&new, Some("old")) && !accepts(&old, None));
}

#[test]
fn a_refusal_says_as_much_as_kratos_does_and_no_more() {
    let signer = Signer::new(Algorithm::Hs256);
    let bearer = bearer(&signer);
    let good = signer.token(signer.head(None), r#"{"sub":"a","exp":1900000000}"#);
    let old = signer.token(signer.head(None), r#"{"sub":"a","exp":1}"#);
    let ask = |values: &[String]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("authorization", HeaderValue::from_str(value).unwrap());
        }
        bearer.claims_at(&headers, NOW)
    };
    for value in [
        format!("Bearer {good}"),
        format!("bearer {good}"),
        format!("BEARER   {good}"),
    ] {
        assert_eq!(ask(&[value]).unwrap().sub, "a");
    }
    let missing = ("JWT token is missing", "Bearer");
    let invalid = ("Token is invalid", r#"Bearer error="invalid_token""#);
    let expired = ("JWT token has expired", r#"Bearer error="invalid_token""#);
    for (values, (message, challenge)) in [
        (vec![], missing),
        (vec![String::new()], missing),
        (vec![good.clone()], missing),
        (vec![format!("Basic {good}")], missing),
        (vec![format!("Bearer{good}")], missing),
        (vec!["Bearer".to_owned()], invalid),
        (vec![format!("Bearer \t{good}")], invalid),
        (vec![format!("Bearer {good} ")], invalid),
        (vec![format!("Bearer {good}, Bearer {good}")], invalid),
        (
            vec![format!("Bearer {good}"), format!("Bearer {good}")],
            invalid,
        ),
        (vec![format!("Bearer {}", "a".repeat(20_000))], invalid),
        (vec![format!("Bearer {old}")], expired),
    ] {
        let error = ApiError::from(ask(&values).unwrap_err());
        assert_eq!((error.code(), error.reason()), (401, "UNAUTHORIZED"));
        assert_eq!(error.message(), message, "{values:?}");
        assert_eq!(bearer.challenge(&error).unwrap(), challenge);
        assert!(error.metadata().is_empty() && error.source().is_some());
    }
}

/// Each of these is signed by the key; verifiers that are less strict take them.
#[test]
fn a_token_has_one_spelling_and_at_most_16_kib() {
    let signer = Signer::new(Algorithm::Hs256);
    let bearer = bearer(&signer);
    let accepts = |token: &str| bearer.claims_of(token.as_bytes(), NOW).is_ok();
    let claims = |text: &str| format!(r#"{{"sub":"a","exp":1900000000,"a":"{text}"}}"#);
    let signed = |head: &str, claims: &str| signer.token(head, claims);
    let usual = r#"{"alg":"HS256"}"#;
    let good = signed(usual, &claims(""));
    assert!(accepts(&good));

    for name in ["hs256", "Hs256", "HS256 ", " HS256", "HS-256", "HS25"] {
        let head = format!(r#"{{"alg":"{name}"}}"#);
        assert!(!accepts(&signed(&head, &claims(""))), "{name:?}");
    }

    // The last of 43 digits stands for four bits; two more count for nothing.
    let (begin, last) = good.split_at(good.len() - 1);
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = digits.find(last).expect("a digit");
    assert_eq!(at % 4, 0, "as RFC 4648 has it");
    for unused in 1..4 {
        let other = format!("{begin}{}", &digits[at + unused..=at + unused]);
        assert!(!accepts(&other), "{other}");
    }

    let long = |length: usize| {
        let mut text = "a".repeat(length * 3 / 4);
        while signed(usual, &claims(&text)).len() > length {
            text.pop();
        }
        signed(usual, &claims(&text))
    };
    let (longest, longer) = (long(16 * 1024), long(16 * 1024 + 2));
    assert!(longest.len() > 16 * 1024 - 2 && accepts(&longest));
    assert!(longer.len() > 16 * 1024 && !accepts(&longer));
}
