//! Rules that settings have to keep, beyond their types.

use kit_units::WrongOption;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tree::key::{self, KeyPath};

/// Settings, with the rules that they have to keep beyond their types.
///
/// ```
/// use kit_config::{Broken, Rules};
/// # use schemars::JsonSchema;
/// # use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize, JsonSchema)]
/// #[serde(default)]
/// struct Limits {
///     min: u32,
///     max: u32,
/// }
///
/// impl Rules for Limits {
///     fn check(&self, broken: &mut Broken) {
///         broken.refuse_if(self.max < self.min, ["max", "min"], "has to be at least `min`");
///     }
/// }
/// ```
pub trait Rules:
    Default + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    /// Reports each rule that is broken. It is called with each load whose values are all readable as
    /// the types that they have; a value that is not is the default here, and rules about it do not count.
    fn check(&self, broken: &mut Broken) {
        let _ = broken;
    }
}

/// Rules that settings break.
#[derive(Debug, Default)]
pub struct Broken {
    rules: Vec<BrokenRule>,
}

/// A rule that is broken.
#[derive(Debug)]
pub(crate) struct BrokenRule {
    /// The setting at fault, then those that the rule looks at as well.
    pub(crate) keys: Vec<KeyPath>,
    pub(crate) message: String,
}

impl Broken {
    /// Reports that the setting under the first of these keys breaks a rule, which looks at all of them.
    ///
    /// A key is written from the root: `http.addr`, `servers[0].name`. The message has no full stop, and
    /// goes on from the key: `has to be larger than 0`. Where each value was written is shown with it.
    pub fn refuse<'k>(&mut self, keys: impl IntoKeys<'k>, message: impl Into<String>) {
        self.rules.push(BrokenRule {
            keys: keys.into_keys().into_iter().map(parse_key).collect(),
            message: message.into(),
        });
    }

    /// [`refuse`](Broken::refuse), if the rule is broken.
    pub fn refuse_if<'k>(
        &mut self,
        is_broken: bool,
        keys: impl IntoKeys<'k>,
        message: impl Into<String>,
    ) {
        if is_broken {
            self.refuse(keys, message);
        }
    }

    /// Reports everything that the check of an options struct has found, such as that of `kit_app::AppOptions`. The
    /// struct stands under the key; `""` is the root.
    ///
    /// ```
    /// use kit_app::AppOptions;
    /// use kit_config::{Broken, Rules, Settings};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize, JsonSchema)]
    /// #[serde(default)]
    /// struct Orders {
    ///     app: AppOptions,
    /// }
    ///
    /// impl Rules for Orders {
    ///     fn check(&self, broken: &mut Broken) {
    ///         broken.refuse_options("app", self.app.check());
    ///     }
    /// }
    ///
    /// let error = Settings::<Orders>::new().set("app.timeouts.stop=0s").load().unwrap_err();
    /// assert_eq!(
    ///     error.problems()[0].to_string(),
    ///     "flag --set app.timeouts.stop: app.timeouts.stop: is 0s: it has to be from 1ms to 1d"
    /// );
    /// ```
    pub fn refuse_options(&mut self, key: &str, wrong: impl IntoIterator<Item = WrongOption>) {
        for wrong in wrong {
            let message = wrong.message();
            self.refuse(wrong.inside(key).key(), message);
        }
    }

    pub(crate) fn into_rules(self) -> Vec<BrokenRule> {
        self.rules
    }
}

/// One key, or several: `"http.port"`, `["limits.max", "limits.min"]`.
pub trait IntoKeys<'k> {
    /// The keys, of which the first is at fault.
    fn into_keys(self) -> Vec<&'k str>;
}

impl<'k> IntoKeys<'k> for &'k str {
    fn into_keys(self) -> Vec<&'k str> {
        vec![self]
    }
}

impl<'k> IntoKeys<'k> for &'k String {
    fn into_keys(self) -> Vec<&'k str> {
        vec![self]
    }
}

impl<'k, const N: usize> IntoKeys<'k> for [&'k str; N] {
    fn into_keys(self) -> Vec<&'k str> {
        self.to_vec()
    }
}

/// The key that a text names, as messages show it: `servers[0].name`, `limits."a.b"`. A part without quotes may have
/// any character that ends none. A text that is no key is one name, which no setting has.
pub(crate) fn parse_key(key: &str) -> KeyPath {
    if key.trim().is_empty() {
        return KeyPath::root();
    }
    let is_inside = |c: char| !matches!(c, '.' | '[' | ']' | '"' | '\'');
    match key::parse_key(key, is_inside) {
        Ok((path, "")) => path,
        Ok(_) | Err(_) => KeyPath::root().key(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_shown() {
        for key in [
            "http.addr",
            "servers[0].name",
            "grid[1][2]",
            "",
            r#"limits."a.b".max"#,
            r#""a[0]".""[1]"#,
            r#"limits."größe""#,
        ] {
            assert_eq!(parse_key(key).to_string(), key);
        }
    }
}
