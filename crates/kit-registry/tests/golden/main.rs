//! The JSON of instances, beside what Kratos itself writes and reads.
//!
//! `kratos.json` is what the programs `interop/kratos-v3/golden` and `interop/kratos-v2/golden` print;
//! `cargo xtask interop` runs both and compares.

use std::collections::BTreeMap;

use kit_registry::ServiceInstance;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    written: Vec<Written>,
    read: Vec<Read>,
    weights: Vec<Weight>,
}

/// An instance, and the text that Kratos stores for it.
#[derive(Deserialize)]
struct Written {
    id: String,
    name: String,
    version: String,
    metadata: Option<BTreeMap<String, String>>,
    endpoints: Vec<String>,
    text: String,
}

/// A text, and what Kratos stores after it has read it; empty for an error.
#[derive(Deserialize)]
struct Read {
    text: String,
    stored: String,
}

/// A value in the metadata, and how a selector of Kratos reads it.
#[derive(Deserialize)]
struct Weight {
    text: String,
    weight: Option<i64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("kratos.json")).expect("the golden file is JSON")
}

#[test]
fn what_is_written_is_what_kratos_writes_byte_for_byte() {
    let written = golden().written;
    assert!(written.len() >= 5);
    for kratos in written {
        let mut builder = ServiceInstance::builder(kratos.id, kratos.name).version(kratos.version);
        for (key, value) in kratos.metadata.unwrap_or_default() {
            builder = builder.metadata(key, value);
        }
        for endpoint in &kratos.endpoints {
            builder = builder.endpoint(endpoint.parse().expect("an endpoint"));
        }
        let instance = builder.build().expect("a valid instance");
        assert_eq!(instance.to_json(), kratos.text);
        let read = ServiceInstance::from_json(kratos.text.as_bytes());
        assert_eq!(read.expect("Kratos wrote it"), instance);
    }
}

#[test]
fn what_is_read_is_what_kratos_reads() {
    let reads = golden().read;
    assert!(reads.iter().any(|kratos| kratos.stored.is_empty()));
    for kratos in reads {
        let read = ServiceInstance::from_json(kratos.text.as_bytes());
        // Half of a pair of surrogates is no character. Go reads U+FFFD, and never writes it.
        if kratos.stored.is_empty() || kratos.stored.contains('\u{fffd}') {
            read.expect_err(&kratos.text);
        } else {
            let stored = ServiceInstance::from_json(kratos.stored.as_bytes());
            let stored = stored.expect("Kratos wrote it");
            assert_eq!(read.expect(&kratos.text), stored, "{}", kratos.text);
        }
    }
}

#[test]
fn a_weight_is_what_a_selector_of_kratos_reads() {
    let weights = golden().weights;
    assert!(weights.iter().any(|kratos| kratos.weight.is_some()));
    for kratos in weights {
        let instance = ServiceInstance::builder("1", "n").metadata("weight", &*kratos.text);
        let instance = instance.build().expect("a valid instance");
        assert_eq!(instance.weight(), kratos.weight, "{:?}", kratos.text);
    }
    let none = ServiceInstance::builder("1", "n").build();
    assert_eq!(none.expect("a valid instance").weight(), None);
}
