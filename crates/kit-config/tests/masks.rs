//! Masks of values: in mistakes, on the page of `--check-config`, and in the diff of a reload.

use std::fs;

use kit_config::{Live, Reloader, Rules, Secret, Settings, checked_config};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    #[schemars(extend("x-kit-url" = true))]
    registry: Live<String>,
    token: Live<Secret<String>>,
    port: u16,
    banner: Live<String>,
    mirror: Live<Vec<String>>,
}

impl Rules for Orders {}

const FILE: &str = "\
registry = \"etcd://app:hunter2@h:2379\"
token = \"tulip\"
banner = \"see ${key:registry}\"
mirror = [\"${key:registry}\", \"plain\", \"${key:token}\"]
";

#[tokio::test]
async fn a_mask_follows_its_value_to_pages_and_the_diff() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.toml");
    fs::write(&path, FILE).expect("it is written");
    let loaded = Settings::<Orders>::new().file(&path).load();
    let loaded = loaded.expect("it is right");
    assert_eq!(&**loaded.settings().banner, "see etcd://app:hunter2@h:2379");
    let page = checked_config(&loaded);
    for shown in [
        "\"see etcd://***@h:2379\"",
        "\"etcd://***@h:2379\",",
        "\"plain\"",
    ] {
        assert!(page.contains(shown), "{shown} is not in\n{page}");
    }
    let reloader = Reloader::new(loaded);
    let other = FILE.replace("hunter2", "orchid").replace("tulip", "rose");
    fs::write(&path, other).expect("it is written");
    let reloaded = reloader.reload().await.expect("it is right");
    let changes: Vec<String> = reloaded.changed.iter().map(ToString::to_string).collect();
    let diff = changes.join("\n");
    assert_eq!(changes.len(), 4, "{diff}");
    let banner = "banner: \"see etcd://***@h:2379\" -> \"see etcd://***@h:2379\"";
    assert!(changes.iter().any(|change| change == banner), "{diff}");
    for secret in ["hunter2", "orchid", "tulip", "rose", "app"] {
        assert!(
            !page.contains(secret) && !diff.contains(secret),
            "{secret} is in\n{page}\n{diff}"
        );
    }
}
