//! Faults of the directory and of what stands in it.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, SystemTime};

use kit_registry::{Freshness, RegistrationState, ServiceInstance};
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, Folder, LIMIT, instance, seen, service, shows, until_state, versions};

#[tokio::test]
async fn a_directory_that_is_removed_comes_back_with_its_instances() {
    let folder = Folder::new();
    let bench = Bench::open(&folder.url("ttl=2s"));
    let registration = bench.registered("1").await;
    let mut watch = bench.watch().await;
    shows(&mut watch, &["1"]).await;
    for _ in 0..3 {
        // A process may write into it meanwhile.
        while fs::remove_dir_all(folder.path()).is_err() {}
        let back = async {
            while !folder.file().exists() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(LIMIT, back).await.expect("its file is back");
    }
    registration.set_metadata("k", "v").expect("small metadata");
    seen(
        &mut watch,
        "a change in a directory that came back",
        |snapshot| {
            let shown = snapshot.instances.first();
            shown.is_some_and(|shown| shown.metadata().contains_key("k"))
        },
    )
    .await;
    until_state(&registration, |state| {
        matches!(state, RegistrationState::Registered)
    })
    .await;
    registration.deregister().await.expect("deregistered");
    shows(&mut watch, &[]).await;
    bench.close().await;
}

/// A directory in whose place a file stands cannot be read: what was known is stale, and not empty.
#[tokio::test]
async fn a_directory_that_cannot_be_read_makes_lists_stale_and_is_an_error() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    let owner = Bench::open(&url);
    let _registration = owner.registered("1").await;
    let reader = Bench::open(&url);
    let mut watch = reader.watch().await;
    shows(&mut watch, &["1"]).await;
    fs::rename(folder.path(), folder.path().with_extension("away")).expect("renamed");
    fs::write(folder.path(), "a file").expect("written");
    seen(&mut watch, "a stale list", |snapshot| {
        assert_eq!(versions(snapshot), ["1"]);
        matches!(&snapshot.freshness, Freshness::Stale { why, .. } if why.contains("local at "))
    })
    .await;
    let list = reader.backend.discovery.instances(&service()).await;
    let error = list.expect_err("no list").chain().to_string();
    assert!(error.starts_with("cannot list hello: local at "), "{error}");
    assert!(
        error.ends_with("/registry is there and is no directory"),
        "{error}"
    );
    fs::remove_file(folder.path()).expect("removed");
    fs::rename(folder.path().with_extension("away"), folder.path()).expect("renamed");
    seen(&mut watch, "a fresh list", |s| {
        s.is_fresh() && versions(s) == ["1"]
    })
    .await;
    reader.close().await;
    owner.close().await;
}

/// The cause stays the same, so a reader is woken once, however often the directory is looked at.
#[tokio::test]
async fn a_list_becomes_stale_once_for_each_cause() {
    let folder = Folder::new();
    let reader = Bench::open(&folder.url("poll=50ms"));
    let mut watch = reader.watch().await;
    shows(&mut watch, &[]).await;
    fs::remove_dir(folder.path()).expect("removed");
    fs::write(folder.path(), "a file").expect("written");
    seen(&mut watch, "a stale list", |s| !s.is_fresh()).await;
    // Twenty more looks.
    if let Ok(again) = timeout(Duration::from_secs(1), watch.next()).await {
        panic!("stale again: {again:?}");
    }
    fs::remove_file(folder.path()).expect("removed");
    seen(&mut watch, "a fresh list", kit_registry::Snapshot::is_fresh).await;
    reader.close().await;
}

/// A new directory at the path of a removed one may have its number in the file system, and the notices of the old one do
/// not come any more.
#[tokio::test]
async fn changes_in_a_directory_that_was_made_anew_are_seen_by_notices() {
    let folder = Folder::new();
    let reader = Bench::open(&folder.url("ttl=1h"));
    let mut watch = reader.watch().await;
    shows(&mut watch, &[]).await;
    let begun = Instant::now();
    for round in 0..4 {
        fs::remove_dir_all(folder.path()).expect("removed");
        let back = async {
            while !folder.path().exists() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(LIMIT, back).await.expect("the reader makes it");
        // The time of the looks that follow the removal.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let writer = Bench::open(&folder.url("ttl=1h"));
        let version = round.to_string();
        let registered = writer.backend.registrar.register(&instance(&version)).await;
        registered.expect("registered");
        shows(&mut watch, &[&version]).await;
        writer.close().await;
    }
    // A look beside notices comes each 5 s.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(4), "took {took:?}");
    reader.close().await;
}

/// A pipe would be waited for without an end, and `/dev/zero` has none.
#[tokio::test]
async fn a_file_of_another_kind_is_remarked_and_neither_waited_for_nor_followed() {
    let folder = Folder::new();
    let owner = Bench::open(&folder.url("ttl=1h"));
    let _registration = owner.registered("1").await;
    let made = Command::new("mkfifo")
        .arg(folder.path().join("hello@2.json"))
        .status();
    assert!(made.expect("mkfifo").success());
    symlink("/dev/zero", folder.path().join("hello@3.json")).expect("linked");
    fs::create_dir(folder.path().join("hello@4.json")).expect("made");
    File::create(folder.path().join("hello@5.json"))
        .and_then(|file| file.set_len(1 << 40))
        .expect("a file with a hole");
    let bench = Bench::open(&folder.url("ttl=1h"));
    let mut remarks = bench.backend.registrar.remarks().subscribe();
    for _ in 0..2 {
        let listed = timeout(LIMIT, bench.listed()).await;
        assert_eq!(listed.expect("in time"), ["1"]);
    }
    let mut lines: Vec<_> = std::iter::from_fn(|| remarks.try_recv().ok()).collect();
    lines.sort();
    let whys = [
        "no regular file",
        "no regular file",
        "no regular file",
        "has more than",
    ];
    assert_eq!(lines.len(), whys.len(), "{lines:#?}");
    for (line, why) in lines.iter().zip(whys) {
        assert!(
            line.contains("is ignored, it is no instance: ") && line.contains(why),
            "{line}"
        );
    }
    // In the place of an instance they are replaced, but for a directory.
    for id in ["2", "3"] {
        let one = ServiceInstance::builder(id, "hello")
            .build()
            .expect("valid");
        let registered = timeout(LIMIT, bench.backend.registrar.register(&one)).await;
        registered.expect("in time").expect("registered");
    }
    assert_eq!(bench.listed().await.len(), 3);
    bench.close().await;
    owner.close().await;
}

/// Two values of one length that were written at one moment, as far as a file system with coarse times tells.
#[tokio::test]
async fn a_value_of_the_same_length_and_time_is_seen() {
    let folder = Folder::new();
    let owner = Bench::open(&folder.url("ttl=1h"));
    let reader = Bench::open(&folder.url("ttl=1h"));
    let time = SystemTime::now();
    for version in ["a", "b", "c", "d"] {
        // The number of a file that is open is not given to another one.
        let before = File::open(folder.file()).ok();
        let registered = owner.backend.registrar.register(&instance(version)).await;
        registered.expect("registered");
        let file = File::options().write(true).open(folder.file());
        file.and_then(|file| file.set_modified(time))
            .expect("touched");
        assert_eq!(reader.listed().await, [version]);
        drop(before);
    }
    reader.close().await;
    owner.close().await;
}

/// A link in a circle cannot be looked behind, so it is not known that the entry is gone.
#[tokio::test]
async fn an_entry_that_cannot_be_looked_for_is_not_confirmed_as_removed() {
    let folder = Folder::new();
    let bench = Bench::open(&folder.url("ttl=1h"));
    let registrar = &bench.backend.registrar;
    registrar
        .register(&instance("1"))
        .await
        .expect("registered");
    fs::rename(folder.path(), folder.path().with_extension("away")).expect("renamed");
    symlink(folder.path(), folder.path()).expect("a link to itself");
    let hidden = registrar.deregister(&instance("1")).await;
    let error = hidden.expect_err("not confirmed").chain().to_string();
    assert!(
        error.starts_with("cannot deregister hello/1: local at "),
        "{error}"
    );
    fs::remove_file(folder.path()).expect("removed");
    fs::rename(folder.path().with_extension("away"), folder.path()).expect("renamed");
    registrar
        .deregister(&instance("1"))
        .await
        .expect("deregistered");
    assert!(bench.listed().await.is_empty());
    bench.close().await;
}

/// No user creates files there, root included.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_directory_in_which_nothing_is_created_refuses_and_names_itself() {
    let bench = Bench::open("local:/sys/kernel");
    let refused = bench.backend.registrar.register(&instance("1")).await;
    let error = refused.expect_err("refused").chain().to_string();
    assert!(
        error.starts_with("cannot register hello/1: local at /sys/kernel refused: "),
        "{error}"
    );
    assert!(bench.listed().await.is_empty());
    let gone = bench.backend.registrar.deregister(&instance("1")).await;
    gone.expect("nothing was written");
    bench.close().await;
}

/// Root may write everywhere, so there is no such directory for root.
#[tokio::test]
async fn a_directory_that_may_not_be_written_is_refused_and_can_be_read() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    let owner = Bench::open(&url);
    let registration = owner.registered("1").await;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).expect("read-only");
    if File::create(folder.path().join(".probe")).is_ok() {
        println!("NOT RUN: this user may write into read-only directories");
        return;
    }
    registration.set_metadata("k", "v").expect("small metadata");
    let state = until_state(&registration, |state| state.why().is_some()).await;
    let line = state.to_string();
    assert!(
        line.contains("shown as before") && line.contains("refused"),
        "{line}"
    );
    let reader = Bench::open(&url);
    assert_eq!(reader.listed().await, ["1"]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("writable");
    until_state(&registration, |state| {
        matches!(state, RegistrationState::Registered)
    })
    .await;
    reader.close().await;
    owner.close().await;
}

#[tokio::test]
async fn half_written_and_foreign_files_are_remarked_once_and_ignored() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    let owner = Bench::open(&url);
    let _registration = owner.registered("1").await;
    // It looks when it lists, so all files are there at its first look.
    let bench = Bench::open(&url);
    let mut remarks = bench.backend.registrar.remarks().subscribe();
    let json = fs::read(folder.file()).expect("the file of the instance");
    let write =
        |name: &str, json: &[u8]| fs::write(folder.path().join(name), json).expect("written");
    write("hello@2.json", &json[..json.len() / 2]);
    write("hello@3.json", &json);
    write("hello@4.json", b"");
    for name in ["a.txt", "b", "c", "d", "hello.json"] {
        write(name, b"a note");
    }
    write(".new-0", &json);
    for _ in 0..3 {
        assert_eq!(bench.listed().await, ["1"]);
    }
    let mut lines = Vec::new();
    while let Ok(line) = remarks.try_recv() {
        lines.push(line);
    }
    lines.sort();
    let expected = [
        "a.txt, b, c and 2 more are ignored, they are no files of a registry",
        "hello@2.json is ignored, it is no instance: ",
        "hello@3.json is ignored, it is no instance: it is an instance whose file is hello@1.json",
        "hello@4.json is ignored, it is no instance: ",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(
            line.starts_with("local at ") && line.contains(expected),
            "{line}"
        );
    }
    bench.close().await;
    owner.close().await;
}

/// The clock was put back: files are from the future. A living instance is shown, a dead one goes after its
/// time, counted from the first look.
#[tokio::test]
async fn a_file_from_the_future_lasts_for_its_time_and_no_longer() {
    let folder = Folder::new();
    let url = folder.url("ttl=2s");
    let owner = Bench::open(&url);
    let dead = instance("dead");
    let registered = owner.backend.registrar.register(&dead).await;
    registered.expect("registered");
    let file = File::options()
        .write(true)
        .open(folder.file())
        .expect("the file");
    let future = SystemTime::now() + Duration::from_secs(86_400);
    file.set_modified(future).expect("touched");
    let reader = Bench::open(&url);
    let mut watch = reader.watch().await;
    shows(&mut watch, &["dead"]).await;
    shows(&mut watch, &[]).await;

    // It is alive: its owner touches it, now as ever.
    let registration = owner.registered("alive").await;
    shows(&mut watch, &["alive"]).await;
    file.set_modified(future).expect("touched");
    let gone = timeout(Duration::from_secs(5), shows(&mut watch, &[]));
    assert!(gone.await.is_err(), "a living instance was not shown");
    registration.deregister().await.expect("deregistered");
    shows(&mut watch, &[]).await;
    reader.close().await;
    owner.close().await;
}

/// The clock was put forward: all files look old. A watch that knows them keeps those that are touched.
#[tokio::test]
async fn a_file_from_the_past_that_is_touched_stays() {
    let folder = Folder::new();
    let url = folder.url("ttl=3s");
    let owner = Bench::open(&url);
    let registration = owner.registered("1").await;
    let reader = Bench::open(&url);
    let mut watch = reader.watch().await;
    shows(&mut watch, &["1"]).await;
    let gone = async {
        let past = SystemTime::now() - Duration::from_secs(86_400);
        for _ in 0..20 {
            let file = File::options()
                .write(true)
                .open(folder.file())
                .expect("the file");
            file.set_modified(past).expect("touched");
            // Each look sees an old file, which another process may touch in between.
            assert_eq!(reader.listed().await, ["1"]);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(LIMIT, gone).await.expect("in time");
    registration.deregister().await.expect("deregistered");
    shows(&mut watch, &[]).await;
    reader.close().await;
    owner.close().await;
}
