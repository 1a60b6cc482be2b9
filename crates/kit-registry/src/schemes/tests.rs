use kit_sync::TaskTree;

use super::*;
use crate::{Reach, ServiceInstance};

#[tokio::test]
async fn a_check_refuses_what_cannot_be_opened_and_nothing_else() {
    let tree = TaskTree::new("test");
    let mut schemes = Schemes::default();
    schemes.add("own", |url, _| Err(Error::closed(url)));
    let etcd: &[_] = match etcd::OPEN {
        Some(_) => &[
            "etcd://h:1",
            "etcd://",
            "etcd://h:0",
            "etcd://h?ttl=soon",
            "etcd:h",
        ],
        None => &["etcd://h:1"],
    };
    for url in ["memory:", "memory://", "memory:x", "memroy:", "memory", ""]
        .iter()
        .chain(etcd)
    {
        let checked = schemes.check(url).map_err(|error| error.to_string());
        let opened = schemes.open(url, tree.scope()).map(drop);
        assert_eq!(checked, opened.map_err(|error| error.to_string()), "{url}");
    }
    assert!(schemes.check("own:what").is_ok(), "its opener alone knows");
}

#[tokio::test]
async fn an_unknown_scheme_lists_the_known_ones_and_hides_the_password() {
    let tree = TaskTree::new("test");
    let (schemes, url) = (Schemes::default(), "zoo://u:secret@h:1");
    let error = schemes.open(url, tree.scope()).unwrap_err();
    let known = known_at_least("");
    assert_eq!(
        error.to_string(),
        format!(r#"unknown registry scheme "zoo" in zoo://***@h:1, known are {known}"#)
    );
    let slip = schemes.check("memroy://").unwrap_err().to_string();
    let meant = "unknown registry scheme \"memroy\" in memroy://, did you mean memory? known are ";
    assert!(slip.starts_with(meant), "{slip}");
    let checked = schemes.check(url).unwrap_err();
    assert_eq!(checked.to_string(), error.to_string());
}

/// The built-in schemes; without the feature `etcd` with this end.
fn known_at_least(without_etcd: &str) -> String {
    let mut known = Schemes::default().known().collect::<Vec<_>>().join(", ");
    if etcd::OPEN.is_none() {
        known.push_str(without_etcd);
    }
    known
}

#[tokio::test]
async fn a_scheme_that_is_not_there_is_named_with_what_brings_it() {
    let tree = TaskTree::new("test");
    let error = |url| {
        let error = Schemes::default().open(url, tree.scope()).unwrap_err();
        error.to_string()
    };
    let consul = error("consul://token@h:8500");
    assert!(
        consul.contains(" in consul://***@h:8500, known are "),
        "{consul}"
    );
    assert!(
        consul.ends_with(
            ", consul with `kit_registry_consul::add_to` (in `kit` the feature `consul`)"
        ),
        "{consul}"
    );
    let etcds = error("etcds://h:1");
    match etcd::OPEN_ENCRYPTED {
        None => assert!(
            etcds.ends_with(", etcds with the feature `etcd-tls`"),
            "{etcds}"
        ),
        // Its own opener has looked at it.
        Some(_) => assert!(etcds.starts_with("ca of the registry URL"), "{etcds}"),
    }
}

#[tokio::test]
async fn memory_is_the_same_registry_for_one_table_and_its_clones() {
    let tree = TaskTree::new("test");
    let schemes = Schemes::default();
    let one = schemes.open("memory:", tree.scope()).unwrap();
    let two = schemes.clone().open("memory://", tree.scope()).unwrap();
    assert_eq!(one.reach, Reach::Process);
    let instance = ServiceInstance::builder("1", "n").build().unwrap();
    one.registrar.register(&instance).await.unwrap();
    let seen = two.discovery.instances(instance.name()).await.unwrap();
    assert_eq!(*seen.instances[0], instance);
    let other = Schemes::default().open("memory:", tree.scope()).unwrap();
    let seen = other.discovery.instances(instance.name()).await.unwrap();
    assert!(seen.instances.is_empty());
}

#[tokio::test]
async fn a_wrong_url_names_its_part() {
    let tree = TaskTree::new("test");
    let error = Schemes::default().open("memory:x", tree.scope());
    assert_eq!(
        error.unwrap_err().to_string(),
        r#"rest of the registry URL memory:x must be empty, as in memory:, not "x""#
    );
}

#[tokio::test]
async fn a_url_without_a_scheme_is_shown_with_one() {
    let tree = TaskTree::new("test");
    let known = known_at_least(", etcd with the feature `etcd`");
    for (url, shown, example) in [
        ("", "", "etcd://10.0.0.1:2379"),
        (" ", " ", "etcd://10.0.0.1:2379"),
        ("memory", "memory", "memory:"),
        ("etcd", "etcd", "etcd://10.0.0.1:2379"),
        ("local", "local", "local:/run/kit"),
        ("/run/kit", "/run/kit", "local:/run/kit"),
        ("h", "h", "etcd://h"),
        ("h:2379", "h:2379", "etcd://h:2379"),
        ("//h:2379/ns", "//h:2379/ns", "etcd://h:2379/ns"),
        (
            "10.0.0.1:2379,10.0.0.2:2379",
            "10.0.0.1:2379,10.0.0.2:2379",
            "etcd://10.0.0.1:2379,10.0.0.2:2379",
        ),
        ("[::1]:2379", "[::1]:2379", "etcd://[::1]:2379"),
        (
            "u:secret@h:2379/ns",
            "***@h:2379/ns",
            "etcd://***@h:2379/ns",
        ),
        ("u.x:secret", "u.x:***", "etcd://u.x:***@10.0.0.1:2379"),
        ("u:secret", "u:***", "etcd://u:***@10.0.0.1:2379"),
        ("u.x:sec/ret@h:1", "***@h:1", "etcd://***@h:1"),
    ] {
        let error = Schemes::default().open(url, tree.scope()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "registry URL {shown:?} has no scheme, write one as in {example}; known are {known}"
            )
        );
    }
    for (url, shown) in [
        ("memroy:", "memroy:"),
        ("memroy:secret", "memroy:***"),
        ("consul://h:1", "consul://h:1"),
        ("consul:h:1", "consul:***"),
        ("u:/secret", "u:***"),
    ] {
        let error = Schemes::default().open(url, tree.scope()).unwrap_err();
        assert!(matches!(error, Error::UnknownScheme { .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains(&format!(" in {shown}, ")), "{error}");
    }
}
