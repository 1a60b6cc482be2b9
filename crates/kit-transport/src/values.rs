//! Values that the application gives its components, found by their type.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

/// Values that an application gives its components and their requests, one of each type: its
/// identity, its handle, the resources that it has opened. Cheap to clone; a clone does not see what
/// is added to the other one afterwards.
///
/// ```
/// use kit_transport::Values;
///
/// struct Zone(&'static str);
///
/// let mut values = Values::new();
/// values.insert(Zone("sh001"));
/// assert_eq!(values.get::<Zone>().map(|zone| zone.0), Some("sh001"));
///
/// let missing = values.require::<u16>().unwrap_err();
/// assert!(missing.to_string().starts_with("the app has no `u16`: it has `"));
/// ```
#[derive(Clone, Default)]
pub struct Values(Vec<Entry>);

#[derive(Clone)]
struct Entry {
    id: TypeId,
    type_name: &'static str,
    /// The name that the application's author gave it.
    name: Option<Arc<str>>,
    /// Whether the error of a missing value names it.
    is_listed: bool,
    value: Arc<dyn Any + Send + Sync>,
}

/// The application has no value of the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the app has no `{wanted}`: {}", there(.present, *.why))]
#[non_exhaustive]
pub struct MissingValue {
    /// The type that was asked for.
    pub wanted: &'static str,
    /// Those that are there, in the order in which they came: the type, and before it the name of the
    /// resource where it is one.
    pub present: Vec<String>,
    /// Why it is not there, where that is known: when it was asked for before anything is there.
    pub why: Option<&'static str>,
}

impl MissingValue {
    /// Gives the reason in place of the values that are there.
    #[must_use]
    pub fn because(self, why: &'static str) -> MissingValue {
        MissingValue {
            why: Some(why),
            ..self
        }
    }
}

impl Values {
    /// None at all.
    #[must_use]
    pub fn new() -> Values {
        Values::default()
    }

    /// Adds a value, or replaces the one of its type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.put(None, value);
    }

    /// Adds a value that has a name, or replaces the one of its type. The name stands in the error of
    /// a value that is missing.
    pub fn insert_named<T: Send + Sync + 'static>(&mut self, name: &str, value: T) {
        self.put(Some(Arc::from(name)), value);
    }

    /// Adds a value, or replaces the one of its type, for the application's own components: the error of a
    /// value that is missing does not name it.
    pub fn insert_unlisted<T: Send + Sync + 'static>(&mut self, value: T) {
        self.insert(value);
        if let Some(entry) = self.0.last_mut() {
            entry.is_listed = false;
        }
    }

    fn put<T: Send + Sync + 'static>(&mut self, name: Option<Arc<str>>, value: T) {
        self.remove::<T>();
        self.0.push(Entry {
            id: TypeId::of::<T>(),
            type_name: type_name::<T>(),
            name,
            is_listed: true,
            value: Arc::new(value),
        });
    }

    /// Removes the value of this type; returns whether there was one.
    pub fn remove<T: 'static>(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|entry| entry.id != TypeId::of::<T>());
        self.0.len() < before
    }

    /// The value of this type.
    #[must_use]
    pub fn get<T: 'static>(&self) -> Option<&T> {
        // A handful of entries: a look at each is faster than a hash.
        let entry = self.0.iter().find(|entry| entry.id == TypeId::of::<T>())?;
        entry.value.downcast_ref()
    }

    /// A clone of the value of this type.
    ///
    /// # Errors
    /// [`MissingValue`] with the names of those that are there.
    pub fn require<T: Clone + 'static>(&self) -> Result<T, MissingValue> {
        self.get().cloned().ok_or_else(|| {
            let listed = self.0.iter().filter(|entry| entry.is_listed);
            MissingValue {
                wanted: type_name::<T>(),
                present: listed.map(ToString::to_string).collect(),
                why: None,
            }
        })
    }
}

fn there(present: &[String], why: Option<&str>) -> String {
    if let Some(why) = why {
        return why.to_owned();
    }
    match present {
        [] => "it has given its components nothing".to_owned(),
        present => format!(
            "it has {}; a resource is there for what starts after it",
            present.join(", ")
        ),
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} (`{}`)", self.type_name),
            None => write!(f, "`{}`", self.type_name),
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.iter().map(ToString::to_string);
        f.debug_list().entries(entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_value_and_a_clone_keeps_what_it_has() {
        let mut values = Values::new();
        values.insert(1_u8);
        let before = values.clone();
        values.insert_named("two", 2_u8);
        assert_eq!(values.require(), Ok(2_u8));
        assert_eq!(before.require(), Ok(1_u8));
        assert!(values.remove::<u8>() && !values.remove::<u8>());
        assert_eq!(values.get::<u8>(), None);
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_there() {
        let mut values = Values::new();
        let missing = values.require::<u8>().unwrap_err();
        let nothing = "the app has no `u8`: it has given its components nothing";
        assert_eq!(missing.to_string(), nothing);
        values.insert_unlisted(1_u64);
        assert_eq!(values.require::<u8>().unwrap_err().to_string(), nothing);
        assert_eq!(values.get(), Some(&1_u64));
        let why = "resources are opened later";
        let early = values.require::<u8>().unwrap_err().because(why);
        assert_eq!(early.to_string(), format!("the app has no `u8`: {why}"));
        values.insert(1_u16);
        values.insert_named("cache", 2_u32);
        let missing = values.require::<u8>().unwrap_err();
        assert_eq!(
            missing.to_string(),
            "the app has no `u8`: it has `u16`, cache (`u32`); a resource is there for what starts \
             after it"
        );
    }
}
