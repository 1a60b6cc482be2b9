use super::*;

fn full() -> ServiceInstanceBuilder {
    ServiceInstance::builder("1", "helloworld")
        .version("v1")
        .metadata("zone", "sh001")
        .metadata("a", "b")
        .endpoint("http://127.0.0.1:8000".parse().unwrap())
        .endpoint("grpc://127.0.0.1:9000".parse().unwrap())
}

#[test]
fn json_has_five_keys_in_order_and_sorted_metadata() {
    assert_eq!(
        full().build().unwrap().to_json(),
        concat!(
            r#"{"id":"1","name":"helloworld","version":"v1","metadata":{"a":"b","zone":"sh001"},"#,
            r#""endpoints":["http://127.0.0.1:8000","grpc://127.0.0.1:9000"]}"#
        )
    );
}

#[test]
fn nothing_is_null_for_metadata_and_an_empty_list_for_endpoints() {
    assert_eq!(
        ServiceInstance::builder("1", "n")
            .build()
            .unwrap()
            .to_json(),
        r#"{"id":"1","name":"n","version":"","metadata":null,"endpoints":[]}"#
    );
}

#[test]
fn json_escapes_what_go_escapes() {
    let instance = ServiceInstance::builder("<1>", "a&b")
        .version("\u{2028}x\u{2029}")
        .metadata("k", "\u{8}\u{c}\n\r\t\"\\\u{1f}\u{7f}é")
        .build()
        .unwrap();
    let json = instance.to_json();
    assert_eq!(
        json,
        concat!(
            r#"{"id":"\u003c1\u003e","name":"a\u0026b","version":"\u2028x\u2029","#,
            r#""metadata":{"k":"\b\f\n\r\t\"\\\u001f"#,
            "\u{7f}é",
            r#""},"endpoints":[]}"#
        )
    );
    assert_eq!(
        ServiceInstance::from_json(json.as_bytes()).unwrap(),
        instance
    );
}

#[test]
fn reading_tolerates_case_order_nulls_missing_and_unknown_keys() {
    let json = br#"{"extra":{"deep":[1]},"NAME":"n","Id":"1","Metadata":{"k":null,"a":"b"},
        "Endpoints":["http://h:1",null,"nonsense"],"version":null}"#;
    let instance = ServiceInstance::from_json(json).unwrap();
    assert_eq!(instance.id(), "1");
    assert_eq!(instance.name().as_str(), "n");
    assert_eq!(instance.version(), "");
    assert_eq!(instance.metadata()["k"], "");
    assert_eq!(instance.metadata()["a"], "b");
    let endpoints: Vec<_> = instance.endpoints().iter().map(Endpoint::as_str).collect();
    assert_eq!(endpoints, ["http://h:1"]);

    let least = ServiceInstance::from_json(br#"{"id":"1","name":"n"}"#).unwrap();
    assert!(least.metadata().is_empty() && least.endpoints().is_empty());
    let nulls = br#"{"id":"1","name":"n","version":null,"metadata":null,"endpoints":null}"#;
    assert_eq!(ServiceInstance::from_json(nulls).unwrap(), least);
}

#[test]
fn what_is_not_an_instance_is_an_error_and_never_a_panic() {
    for json in [
        "",
        "null",
        "[]",
        "{",
        "7",
        r#"{"id":1,"name":"n"}"#,
        r#"{"id":"1"}"#,
        r#"{"name":"n"}"#,
        r#"{"id":"a/b","name":"n"}"#,
        r#"{"id":"1","name":"n","metadata":[]}"#,
        "\u{0}",
        r#"{"id":"1","name":"n"}x"#,
    ] {
        assert!(
            ServiceInstance::from_json(json.as_bytes()).is_err(),
            "{json}"
        );
    }
    assert!(ServiceInstance::from_json(&[0xff, 0xfe]).is_err());
}

#[test]
fn ids_and_names_are_validated_by_name() {
    for (id, name, message) in [
        (
            "",
            "n",
            r#"id of an instance must be at least one character, not """#,
        ),
        (
            "a/b",
            "n",
            r#"id of an instance must be without '/', not "a/b""#,
        ),
        (
            "a\n",
            "n",
            r#"id of an instance must be without control characters, not "a\n""#,
        ),
        (
            "1",
            "",
            r#"name of a service must be at least one character, not """#,
        ),
        (
            "1",
            "a/b",
            r#"name of a service must be without '/', not "a/b""#,
        ),
    ] {
        let error = ServiceInstance::builder(id, name).build().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn metadata_is_at_most_a_mebibyte_as_it_is_stored() {
    // {"k":"…"}
    let most = MAX_METADATA - 8;
    for (character, size) in [("x", 1), ("<", 6), ("\u{1}", 6), ("\"", 2), ("\u{2028}", 6)] {
        let count = most / size;
        let instance = full_of(&character.repeat(count)).unwrap();
        assert!(
            instance.to_json().len() < MAX_METADATA + 100,
            "{character:?}"
        );
        let error = full_of(&character.repeat(count + 1))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("metadata of an instance must be at most"),
            "{error}"
        );
    }
    let error = full_of(&"<".repeat(300_000)).unwrap_err().to_string();
    assert_eq!(
        error,
        "metadata of an instance must be at most 1048576 bytes as JSON, not \"1800008 bytes as JSON, \
         1800002 of them the value of 'k'\""
    );
}

#[test]
fn every_other_field_is_bounded_too_and_named() {
    let large = "<".repeat(12_000);
    let long_host = "h".repeat(70_000);
    let cases = [
        (ServiceInstance::builder(&large, "n"), "id of an instance"),
        (ServiceInstance::builder("1", &large), "name of a service"),
        (
            ServiceInstance::builder("1", "n").version(&large),
            "version of an instance",
        ),
        (
            ServiceInstance::builder("1", "n")
                .endpoint(Endpoint::new("http", &long_host, 1).unwrap()),
            "endpoints of an instance",
        ),
    ];
    for (builder, field) in cases {
        let error = builder.build().unwrap_err().to_string();
        let expected = format!("{field} must be at most 65536 bytes as JSON, not \"7");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn what_is_stored_is_read_whatever_its_size() {
    let json = format!(
        r#"{{"id":"1","name":"n","version":"{0}","metadata":{{"k":"{0}"}}}}"#,
        "x".repeat(2 * MAX_METADATA)
    );
    let instance = ServiceInstance::from_json(json.as_bytes()).unwrap();
    assert_eq!(instance.version().len(), 2 * MAX_METADATA);
}

fn full_of(value: &str) -> Result<ServiceInstance, Error> {
    ServiceInstance::builder("1", "n")
        .metadata("k", value)
        .build()
}

#[test]
fn a_builder_from_an_instance_has_all_of_it() {
    let instance = full().build().unwrap();
    assert_eq!(instance.to_builder().build().unwrap(), instance);
    let changed = instance.to_builder().metadata("zone", "x").build().unwrap();
    assert_eq!(changed.metadata()["zone"], "x");
    assert_ne!(changed, instance);
}
