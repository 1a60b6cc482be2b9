//! The full key of a setting.

use std::fmt;

/// The full key of a setting, from the root: `http.addr`, `servers[0].name`. The root has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyPath(Vec<Step>);

/// One step from a table or a list to one of its values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl KeyPath {
    pub(crate) fn root() -> KeyPath {
        KeyPath::default()
    }

    pub(crate) fn key(&self, key: impl Into<String>) -> KeyPath {
        self.step(Step::Key(key.into()))
    }

    pub(crate) fn index(&self, index: usize) -> KeyPath {
        self.step(Step::Index(index))
    }

    pub(crate) fn step(&self, step: Step) -> KeyPath {
        let mut steps = self.0.clone();
        steps.push(step);
        KeyPath(steps)
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The value that holds this one; `None` for the root.
    pub(crate) fn parent(&self) -> Option<KeyPath> {
        let (_, steps) = self.0.split_last()?;
        Some(KeyPath(steps.to_vec()))
    }

    /// Whether this is `other`, or is inside of it.
    pub(crate) fn is_within(&self, other: &KeyPath) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl FromIterator<Step> for KeyPath {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> KeyPath {
        KeyPath(steps.into_iter().collect())
    }
}

/// As TOML writes it: a key with other characters than letters, digits, `_` and `-` stands in quotes.
impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if number > 0 {
                        f.write_str(".")?;
                    }
                    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    if !key.is_empty() && key.chars().all(is_bare) {
                        f.write_str(key)?;
                    } else {
                        write!(f, "{key:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_in_toml() {
        let root = KeyPath::root();
        let of_server = root.key("servers").index(0).key("name");
        assert_eq!(of_server.to_string(), "servers[0].name");
        assert_eq!(root.key("a.b").key("").to_string(), r#""a.b"."""#);
        assert_eq!(root.to_string(), "");
        assert!(of_server.is_within(&root.key("servers")));
        assert!(!of_server.is_within(&root.key("server")));
    }
}
