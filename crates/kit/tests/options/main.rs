//! The page of all options in the book is the one that the options' schemas give.

mod page;
mod rows;
mod text;

use std::path::Path;

/// Set to 1, the page is written anew.
const WRITE: &str = "KIT_WRITE_PAGES";

#[test]
fn the_page_of_options_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/options.md");
    let expected = page::page();
    if std::env::var(WRITE).is_ok_and(|value| value == "1") {
        std::fs::write(&path, &expected).expect("the book can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let lines = expected.lines().zip(written.lines());
    let first = lines.take_while(|(expected, written)| expected == written);
    let number = first.count() + 1;
    assert!(
        written == expected,
        "docs/src/options.md is out of date from line {number}; write it anew by \
         `{WRITE}=1 cargo test -p kit --all-features --test options`"
    );
}
