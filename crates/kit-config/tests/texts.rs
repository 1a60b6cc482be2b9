//! Texts without a type, and defaults that their own schema would refuse.

use kit_config::{Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Shop {
    limit: Option<u16>,
    note: Option<String>,
    lists: Vec<Vec<u16>>,
    names: Vec<String>,
    #[schemars(range(min = 1))]
    least: u16,
    #[schemars(range(min = 1))]
    most: u16,
    ratio: f64,
    output: Output,
    log: Log,
    level: Level,
    #[schemars(length(min = 2, max = 3))]
    code: String,
    /// Not in the schema.
    #[schemars(skip)]
    hidden: u16,
}

/// Its variants differ in a tag.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Output {
    #[default]
    Stdout,
    File {
        path: String,
    },
}

/// Its variants differ in their only key.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Log {
    #[default]
    Off,
    File(String),
    Port(u16),
}

/// Its variants differ in their form.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Level {
    First { first: u8 },
    Second { first: bool },
}

impl Default for Level {
    fn default() -> Level {
        Level::First { first: 0 }
    }
}

impl Rules for Shop {}

/// The settings of a file with these lines.
fn of_file(lines: &str) -> Result<Shop, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.toml");
    std::fs::write(&path, lines).expect("a file");
    std::fs::write(folder.path().join("secret"), "hunter2\n").expect("a file");
    std::fs::write(folder.path().join("stdout"), "stdout\n").expect("a file");
    let settings = Settings::<Shop>::new().file(path);
    match settings.variables([("TYPE", "file")]).load() {
        Ok(loaded) => Ok(loaded.into_settings()),
        Err(error) => Err(error.to_string()),
    }
}

fn loaded(flags: &[&str]) -> Result<Shop, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.toml");
    let text = "limit = 5\nnote = \"x\"\nlists = [[1]]\nnames = [\"a\"]\nmost = 1\nratio = 1.0\n";
    std::fs::write(&path, text).expect("a file");
    let settings = Settings::<Shop>::new().file(path);
    let settings = flags.iter().fold(settings, Settings::set);
    match settings.load() {
        Ok(loaded) => Ok(loaded.into_settings()),
        Err(error) => Err(error.to_string()),
    }
}

/// It says that the setting is not set, and is for the program to judge.
#[test]
fn a_default_may_be_beyond_its_range() {
    assert_eq!(loaded(&[]).expect("settings").least, 0);
    let error = loaded(&["least=0"]).expect_err("a mistake");
    assert!(error.contains("least: \"0\" is not"), "{error}");
}

#[test]
fn an_empty_text_unsets_what_may_be_unset_and_is_no_text() {
    let shop = loaded(&["limit=", "note=", "names=", "lists= "]).expect("settings");
    let expected = Shop {
        note: Some(String::new()),
        most: 1,
        ratio: 1.0,
        ..Shop::default()
    };
    assert_eq!(shop, expected);
    let error = loaded(&["most="]).expect_err("a mistake");
    assert!(error.contains("most: \"\" is not"), "{error}");
}

#[test]
fn commas_make_one_list_and_no_list_of_lists() {
    let error = loaded(&["lists=1,2"]).expect_err("mistakes");
    assert!(error.contains("has 2 mistakes"), "{error}");
    assert!(error.contains("lists[0]: \"1\" is not a list"), "{error}");
    let shop = loaded(&["lists=[[1, 2], []]", "names= a , b,c "]).expect("settings");
    assert_eq!(shop.lists, [vec![1, 2], vec![]]);
    assert_eq!(shop.names, ["a", "b", "c"]);
}

#[test]
fn numbers_of_texts_are_those_of_toml() {
    let shop = loaded(&["most=1_000", "ratio= 2_5.5e1 "]).expect("settings");
    assert_eq!((shop.most, shop.ratio), (1_000, 255.0));
    for wrong in [
        "most=1__0",
        "most=_1",
        "most=1_",
        "ratio=nan",
        "ratio=NaN",
        "ratio=1_.5",
    ] {
        let error = loaded(&[wrong]).expect_err(wrong);
        assert!(error.contains("is not a"), "{wrong}: {error}");
    }
}

/// The default of a field that the schema leaves out stands beside values that are set.
#[test]
fn a_default_outside_of_the_schema_is_no_unknown_key() {
    assert_eq!(loaded(&["most=2"]).expect("settings").hidden, 0);
    let error = loaded(&["hidden=2"]).expect_err("a mistake");
    assert!(
        error.contains("hidden: there is no such setting"),
        "{error}"
    );
}

#[test]
fn flags_name_keys_in_any_case_and_files_do_not() {
    assert_eq!(loaded(&["MOST=2"]).expect("settings").most, 2);
    let error = of_file("MOST = 2\n").expect_err("a mistake");
    assert!(error.contains("did you mean `most`?"), "{error}");
}

#[test]
fn a_list_has_indices_and_no_other_keys() {
    let error = loaded(&["names.x=a"]).expect_err("a mistake");
    assert!(
        error.contains("names: `x` is not an index of the list, counted from 0"),
        "{error}"
    );
}

#[test]
fn a_tag_can_be_brought_by_a_reference() {
    let shop = of_file("[output]\ntype = \"${TYPE}\"\npath = \"/x\"\n").expect("settings");
    let path = "/x".to_owned();
    assert_eq!(shop.output, Output::File { path });
}

#[test]
fn an_empty_table_names_no_variant() {
    let error = of_file("[log]\n").expect_err("a mistake");
    assert!(
        error.contains("log: an empty table is not `off`"),
        "{error}"
    );
    let error = of_file("[log]\nfile = \"x\"\nport = 1\n").expect_err("a mistake");
    assert!(
        error.contains("log.port: is set although `file` is: one of both has to go"),
        "{error}"
    );
}

#[test]
fn of_alternatives_that_are_equally_wrong_the_first_is_said() {
    let error = of_file("[level]\nfirst = \"x\"\n").expect_err("a mistake");
    assert!(
        error.contains("level.first: \"x\" is not a whole number from 0 to 255"),
        "{error}"
    );
}

/// The text of a file that a reference names may be a secret, whatever its setting.
#[test]
fn no_message_shows_the_text_of_a_file_that_was_brought() {
    for lines in [
        "most = \"${file:secret}\"\n",
        "lists = \"${file:secret}\"\n",
        "[output]\ntype = \"${file:secret}\"\n",
    ] {
        let error = of_file(lines).expect_err("a mistake");
        assert!(
            error.contains("***") && !error.contains("hunter2"),
            "{error}"
        );
    }
    let lines = "[output]\ntype = \"${file:stdout}\"\npath = \"/x\"\n";
    let error = of_file(lines).expect_err("a mistake");
    assert!(error.contains("output.path"), "{error}");
    assert!(!error.contains("\"stdout\""), "{error}");
}

#[test]
fn the_limits_of_a_length_are_allowed() {
    for (code, is_right) in [("a", false), ("ab", true), ("abc", true), ("abcd", false)] {
        let loaded = loaded(&[&format!("code={code}")]);
        assert_eq!(loaded.is_ok(), is_right, "{loaded:?}");
    }
}
