use std::fs;
use std::path::Path;

use super::*;
use crate::tree::key::KeyPath;
use crate::tree::node::{Node, Value};

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }
    folder
}

fn place(folder: &Path, name: &str, kind: LocationKind) -> Location {
    let path = folder.join(name);
    Location {
        path,
        kind,
        is_optional: false,
    }
}

fn files(places: &[Location], profiles: &[&str]) -> Files {
    let mut files = Files::default();
    places.iter().for_each(|place| files.add(place.clone()));
    for name in profiles {
        let name = (*name).to_owned();
        files.add_profile(Profile {
            name,
            is_optional: false,
        });
    }
    files
}

/// The problems of all layers, without the path of the folder and without snippets.
fn problems(folder: &Path, files: &Files) -> Vec<String> {
    let folder = format!("{}/", folder.display());
    let all = files.read().into_iter().flat_map(|layer| layer.problems);
    all.map(|problem| {
        let shown = problem.to_string().replace(&folder, "");
        shown.lines().next().unwrap_or_default().to_owned()
    })
    .collect()
}

/// The setting `a` of each layer.
fn values(files: &Files) -> Vec<i128> {
    let layers = files.read();
    let value = |layer: &Layer| match layer.tree.get(&KeyPath::root().key("a")) {
        Some(Node {
            value: Value::Integer(value),
            ..
        }) => Some(*value),
        _ => None,
    };
    assert!(
        layers.iter().all(|layer| layer.problems.is_empty()),
        "{layers:?}"
    );
    layers.iter().filter_map(value).collect()
}

#[test]
fn a_file_is_read_by_its_extension() {
    let folder = folder(&[
        ("a.toml", b"\xef\xbb\xbfa = 1"),
        ("b.YAML", b"a: 2"),
        ("c.yml", b"a: 3\r\n"),
        ("d.json", b"\xef\xbb\xbf{\"a\": 4}"),
    ]);
    let names = ["a.toml", "b.YAML", "c.yml", "d.json"];
    let places = names.map(|name| place(folder.path(), name, LocationKind::File));
    assert_eq!(values(&files(&places, &[])), [1, 2, 3, 4]);
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let folder = folder(&[
        ("a.conf", b""),
        ("none", b""),
        ("utf16.toml", b"\xff\xfea\0"),
        ("latin.toml", b"# \xc3\xa9\nb = \"\xe9\"\n"),
        ("d.toml/x", b""),
    ]);
    std::os::unix::fs::symlink("absent", folder.path().join("link.toml")).expect("a link");
    let extensions = "it has to be `.toml`, `.yaml`, `.yml` or `.json`";
    for (name, expected) in [
        (
            "a.conf",
            format!(
                "a.conf: failed to read the file: the extension `.conf` names no known format; {extensions}"
            ),
        ),
        (
            "none",
            format!("none: failed to read the file: its name has no extension; {extensions}"),
        ),
        (
            "utf16.toml",
            "utf16.toml: is written in UTF-16; it has to be saved as UTF-8".to_owned(),
        ),
        (
            "latin.toml",
            "latin.toml:2:6: the byte 0xe9 here is not UTF-8".to_owned(),
        ),
        (
            "d.toml",
            "d.toml: failed to read the file: it is a directory, not a file".to_owned(),
        ),
        (
            "absent.toml",
            "absent.toml: failed to read the file: there is no such file".to_owned(),
        ),
        (
            "none/x.toml",
            "none/x.toml: failed to read the file: none is a file, not a directory".to_owned(),
        ),
        (
            "link.toml",
            "link.toml: failed to read the file: it is a link to absent, which is not there"
                .to_owned(),
        ),
    ] {
        let mut place = place(folder.path(), name, LocationKind::File);
        assert_eq!(
            problems(folder.path(), &files(std::slice::from_ref(&place), &[])),
            std::slice::from_ref(&expected)
        );
        place.is_optional = true;
        let found = problems(folder.path(), &files(&[place], &[]));
        assert_eq!(
            found.is_empty(),
            matches!(name, "absent.toml" | "none/x.toml"),
            "{name}"
        );
    }
    let null = Location {
        path: "/dev/null".into(),
        kind: LocationKind::File,
        is_optional: false,
    };
    assert_eq!(
        problems(folder.path(), &files(&[null], &[])),
        ["/dev/null: failed to read the file: it is not a regular file"]
    );
    let large = fs::File::create(folder.path().join("large.toml")).expect("a file");
    large.set_len(1 << 40).expect("a large file");
    let large = place(folder.path(), "large.toml", LocationKind::File);
    assert_eq!(
        problems(folder.path(), &files(&[large], &[])),
        ["large.toml: failed to read the file: it is larger than 16 MiB"]
    );
}

#[test]
fn a_directory_is_read_in_the_order_of_names_without_what_editors_leave() {
    let folder = folder(&[
        ("d/20-b.toml", b"a = 3"),
        ("d/10-a.yaml", b"a: 2"),
        ("d/.hidden.toml", b"a = 9"),
        ("d/x.toml~", b"a = 9"),
        ("d/.x.toml.swp", b"a = 9"),
        ("d/#x.toml#", b"a = 9"),
        ("d/#x.toml", b"a = 9"),
        ("d/4913", b""),
        ("d/README.md", b"# settings"),
        ("d/production/10-a.toml", b"a = 5"),
        ("d/..2024_01/00.json", b"{\"a\": 1}"),
    ]);
    let directory = folder.path().join("d");
    // As Kubernetes mounts a map: files lead through a link that is replaced at once.
    std::os::unix::fs::symlink("..2024_01", directory.join("..data")).expect("a link");
    std::os::unix::fs::symlink("..data/00.json", directory.join("00.json")).expect("a link");
    let place = place(folder.path(), "d", LocationKind::Directory);
    assert_eq!(values(&files(std::slice::from_ref(&place), &[])), [1, 2, 3]);
    assert_eq!(values(&files(&[place], &["production"])), [1, 2, 3, 5]);
}

#[test]
fn a_directory_that_cannot_be_read_says_why() {
    let folder = folder(&[
        ("a.toml", b""),
        ("d/http.production.toml", b"a = 1"),
        ("empty/README.md", b""),
    ]);
    std::os::unix::fs::symlink("gone.toml", folder.path().join("d/z.toml")).expect("a link");
    for (name, expected) in [
        (
            "empty",
            vec![
                "empty: failed to read the directory: it has no file of settings; there has to be one whose name ends in `.toml`, `.yaml`, `.yml` or `.json`",
            ],
        ),
        (
            "absent",
            vec!["absent: failed to read the directory: there is no such directory"],
        ),
        (
            "a.toml",
            vec!["a.toml: failed to read the directory: it is a file, not a directory"],
        ),
        (
            "d",
            vec![
                "d/http.production.toml: a file in a directory of settings has one dot in its name; if this is for the profile `production`, it belongs at d/production/http.toml",
                "d/z.toml: failed to read the file: it is a link to gone.toml, which is not there",
            ],
        ),
    ] {
        let place = place(folder.path(), name, LocationKind::Directory);
        assert_eq!(problems(folder.path(), &files(&[place], &[])), expected);
    }
}

#[test]
fn a_profile_counts_more_than_all_files_and_a_later_one_more_than_it() {
    let folder = folder(&[
        ("a.toml", b"a = 1"),
        ("a.p.toml", b"a = 3"),
        ("a.q.toml", b"a = 4"),
        ("b.toml", b"a = 2"),
    ]);
    let places = ["a.toml", "b.toml"].map(|name| place(folder.path(), name, LocationKind::File));
    assert_eq!(values(&files(&places, &["p", "q"])), [1, 2, 3, 4]);
}

#[test]
fn a_profile_without_a_file_is_a_problem_unless_it_is_optional() {
    let folder = folder(&[
        ("a.toml", b"a = 1"),
        ("d/b.toml", b""),
        ("d/prod/README", b""),
    ]);
    let places = [
        place(folder.path(), "a.toml", LocationKind::File),
        place(folder.path(), "d", LocationKind::Directory),
    ];
    let expected = "the profile `prod` has no file: there is no a.prod.toml, nor file in d/prod";
    assert_eq!(
        problems(folder.path(), &files(&places, &["prod"])),
        [expected]
    );
    let mut optional = files(&places, &[]);
    optional.add_profile(Profile {
        name: "prod".to_owned(),
        is_optional: true,
    });
    assert_eq!(values(&optional), [1]);
    assert_eq!(
        problems(folder.path(), &files(&[], &["prod"])),
        ["the profile `prod` has no file: no file of settings is given that it could stand beside"]
    );
}

#[test]
fn a_profile_cannot_lead_elsewhere() {
    let folder = folder(&[("a.toml", b""), ("x.toml", b"")]);
    for name in ["", "..", "../x", "a/b", "a.b", "é", "a b"] {
        let place = place(folder.path(), "a.toml", LocationKind::File);
        let expected = format!(
            "{name:?} is no name of a profile; it has to be of letters, digits, `-` and `_`"
        );
        assert_eq!(
            problems(folder.path(), &files(&[place], &[name])),
            [expected]
        );
    }
}
