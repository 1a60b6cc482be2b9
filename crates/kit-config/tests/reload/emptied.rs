//! A file that loses all its settings, as one that is being written in its place does for a moment.

use std::fs;
use std::path::Path;

use kit_config::{Live, ReloadError, Reloader, Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    limit: Live<u32>,
}

impl Rules for Orders {}

fn reloader(path: &Path) -> Reloader<Orders> {
    let loaded = Settings::<Orders>::new().file(path).load();
    Reloader::new(loaded.expect("it is right"))
}

#[tokio::test]
async fn a_file_that_is_emptied_keeps_the_settings_until_it_has_some_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.toml");
    let write = |text: &str| fs::write(&path, text).expect("it is written");
    write("limit = 1\n");
    let reloader = reloader(&path);
    for empty in ["", " \n\n", "# limit = 1\n"] {
        write(empty);
        for _ in 0..2 {
            let error = reloader.reload().await.expect_err("it is empty");
            let ReloadError::Load(mistakes) = &error else {
                panic!("{error:?}");
            };
            let said = mistakes.to_string();
            assert!(
                said.contains("orders.toml: has nothing in it and had settings before"),
                "{said}"
            );
            assert_eq!(*reloader.current().read().limit, 1, "{empty:?}");
        }
    }
    write("limit = 2\n");
    let reloaded = reloader.reload().await.expect("it is right");
    assert_eq!(
        (reloaded.changed.len(), *reloader.current().read().limit),
        (1, 2)
    );
}

#[tokio::test]
async fn a_file_that_was_empty_from_the_start_may_stay_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.yaml");
    fs::write(&path, "---\n# nothing yet\n").expect("it is written");
    let loaded = Settings::<Orders>::new().file(&path).load();
    let loaded = loaded.expect("an empty file is right");
    assert!(loaded.empty_files().eq([path.as_path()]));
    let reloader = Reloader::new(loaded);
    fs::write(&path, "").expect("it is written");
    assert_eq!(reloader.reload().await.expect("it is right").changed, []);
    // No text, and yet no half of one.
    fs::write(&path, "limit: 2\n").expect("it is written");
    reloader.reload().await.expect("it is right");
    fs::write(&path, "{}\n").expect("it is written");
    reloader.reload().await.expect("it is right");
    assert_eq!(*reloader.current().read().limit, 0);
}

#[tokio::test]
async fn a_file_that_is_gone_where_it_may_be_gives_the_defaults() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.toml");
    fs::write(&path, "limit = 1\n").expect("it is written");
    let settings = Settings::<Orders>::new().optional_file(&path);
    let loaded = settings.load().expect("it is right");
    assert_eq!(loaded.absent_files().count(), 0);
    let reloader = Reloader::new(loaded);
    fs::remove_file(&path).expect("it is removed");
    let without = settings.load().expect("it is right");
    assert!(without.absent_files().eq([path.as_path()]));
    reloader.reload().await.expect("it is right");
    assert_eq!(*reloader.current().read().limit, 0);
}
