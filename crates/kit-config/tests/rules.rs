//! Rules that settings break.

use kit_config::{Broken, Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Orders {
    name: String,
}

impl Rules for Orders {
    fn check(&self, broken: &mut Broken) {
        let is_wrong = !self.name.is_empty();
        broken.refuse_if(is_wrong, "name", "has to begin with a letter");
        broken.refuse_if(is_wrong, "name", "has to have three letters");
        broken.refuse_if(is_wrong, "name", "has to have three letters");
    }
}

#[test]
fn two_broken_rules_of_one_key_are_two_mistakes() {
    let error = Settings::<Orders>::new().set("name=1").load();
    let error = error.expect_err("two mistakes");
    let problems: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    let expected = [
        "flag --set name: name: has to begin with a letter",
        "flag --set name: name: has to have three letters",
    ];
    assert_eq!(problems, expected);
}
