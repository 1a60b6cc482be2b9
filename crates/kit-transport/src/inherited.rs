//! Listeners that the process has inherited.

mod key;

use std::sync::{Arc, Mutex};

pub(crate) use key::InheritedKey;

/// A listening socket from outside the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Inherited {
    /// For IP.
    Tcp(std::net::TcpListener),
    /// For a path.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

impl From<std::net::TcpListener> for Inherited {
    fn from(listener: std::net::TcpListener) -> Inherited {
        Inherited::Tcp(listener)
    }
}

#[cfg(unix)]
impl From<std::os::unix::net::UnixListener> for Inherited {
    fn from(listener: std::os::unix::net::UnixListener) -> Inherited {
        Inherited::Unix(listener)
    }
}

/// The listeners that a process was given, each of which one server can take, by its number or by its
/// name.
///
/// ```
/// use kit_transport::{Inherited, InheritedListeners};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let given = [("http".to_owned(), Some(Inherited::from(listener)))];
/// let listeners: InheritedListeners = given.into_iter().collect();
/// assert!(listeners.take_named("admin").is_none());
/// assert!(listeners.take_named("http").is_some());
/// assert!(listeners.take(0).is_none(), "it is taken");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct InheritedListeners(Arc<Mutex<Vec<Slot>>>);

/// A descriptor that was passed on, at its number.
#[derive(Debug)]
struct Slot {
    name: Option<String>,
    state: Passed,
}

#[derive(Debug)]
enum Passed {
    Here(Inherited),
    Taken,
    NoListener,
}

impl InheritedListeners {
    /// The `index`th one, unless it was taken before.
    #[must_use]
    pub fn take(&self, index: usize) -> Option<Inherited> {
        self.claim(&InheritedKey::Index(index)).ok()
    }

    /// The one of this name, unless it was taken before, or several have the name.
    #[must_use]
    pub fn take_named(&self, name: &str) -> Option<Inherited> {
        self.claim(&InheritedKey::Name(name.to_owned())).ok()
    }

    /// Takes the wanted one.
    ///
    /// # Errors
    /// Why it cannot be had, with what there is.
    pub(crate) fn claim(&self, wanted: &InheritedKey) -> Result<Inherited, String> {
        let mut slots = kit_sync::lock(&self.0);
        let index = find(&slots, wanted)?;
        let slot = &mut slots[index];
        match std::mem::replace(&mut slot.state, Passed::Taken) {
            Passed::Here(listener) => Ok(listener),
            Passed::Taken => Err("another server has taken it".to_owned()),
            Passed::NoListener => {
                slot.state = Passed::NoListener;
                Err("the descriptor at its place is no listener".to_owned())
            }
        }
    }
}

/// # Errors
/// When there is none, or the name does not say which one.
fn find(slots: &[Slot], wanted: &InheritedKey) -> Result<usize, String> {
    let name = match wanted {
        InheritedKey::Index(index) if *index < slots.len() => return Ok(*index),
        InheritedKey::Index(_) => return Err(list(slots)),
        InheritedKey::Name(name) => name,
    };
    let has_name = |(_, slot): &(usize, &Slot)| slot.name.as_ref() == Some(name);
    let named: Vec<_> = slots.iter().enumerate().filter(has_name).collect();
    match &named[..] {
        [] => Err(list(slots)),
        [(index, _)] => Ok(*index),
        several => {
            let indices: Vec<_> = several.iter().map(|(index, _)| index.to_string()).collect();
            Err(format!(
                "the listeners {} have this name: take them by number, or give each its own name \
                 (`FileDescriptorName=` in a separate socket unit)",
                indices.join(" and ")
            ))
        }
    }
}

/// What there is, for an error.
fn list(slots: &[Slot]) -> String {
    if slots.is_empty() {
        return "the process was given no listener (LISTEN_FDS says how many there are, LISTEN_PID for which \
                process, and LISTEN_FDNAMES their names)"
            .to_owned();
    }
    let listed = slots.iter().enumerate().map(|(index, slot)| {
        let name = slot.name.as_ref();
        name.map_or_else(|| index.to_string(), |name| format!("{index} (`{name}`)"))
    });
    let listed: Vec<_> = listed.collect();
    format!("the process was given {}", listed.join(", "))
}

/// `None` stands for a descriptor that is no listener, so that the others keep their numbers.
impl FromIterator<Option<Inherited>> for InheritedListeners {
    fn from_iter<I>(listeners: I) -> InheritedListeners
    where
        I: IntoIterator<Item = Option<Inherited>>,
    {
        collect(listeners.into_iter().map(|listener| (None, listener)))
    }
}

/// The same, each with its name.
impl FromIterator<(String, Option<Inherited>)> for InheritedListeners {
    fn from_iter<I>(listeners: I) -> InheritedListeners
    where
        I: IntoIterator<Item = (String, Option<Inherited>)>,
    {
        collect(
            listeners
                .into_iter()
                .map(|(name, listener)| (Some(name), listener)),
        )
    }
}

fn collect(
    listeners: impl Iterator<Item = (Option<String>, Option<Inherited>)>,
) -> InheritedListeners {
    let slots = listeners.map(|(name, listener)| Slot {
        name,
        state: listener.map_or(Passed::NoListener, Passed::Here),
    });
    InheritedListeners(Arc::new(Mutex::new(slots.collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> InheritedListeners {
        let listener = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().into();
        let names = names.iter().map(|name| (*name).to_owned());
        names.map(|name| (name, Some(listener()))).collect()
    }

    fn claim(listeners: &InheritedListeners, name: &str) -> Result<(), String> {
        let wanted = InheritedKey::Name(name.to_owned());
        listeners.claim(&wanted).map(|_| ())
    }

    #[test]
    fn a_listener_is_taken_once_whether_by_name_or_by_number() {
        let listeners = named(&["http", "admin"]);
        assert!(listeners.take(1).is_some());
        let error = claim(&listeners, "admin").unwrap_err();
        assert_eq!(error, "another server has taken it");
        assert_eq!(claim(&listeners, "http"), Ok(()));
        assert!(listeners.take(0).is_none());
    }

    #[test]
    fn a_name_that_is_not_there_lists_those_that_are() {
        let error = claim(&named(&["http", "admin"]), "grpc").unwrap_err();
        assert_eq!(error, "the process was given 0 (`http`), 1 (`admin`)");
        let unnamed: InheritedListeners = [None].into_iter().collect();
        let error = claim(&unnamed, "grpc").unwrap_err();
        assert_eq!(error, "the process was given 0");
        let error = claim(&InheritedListeners::default(), "grpc").unwrap_err();
        assert!(error.starts_with("the process was given no listener"));
    }

    #[test]
    fn a_name_of_two_listeners_is_refused_and_leaves_both() {
        let listeners = named(&["http", "http"]);
        let error = claim(&listeners, "http").unwrap_err();
        assert!(
            error.starts_with("the listeners 0 and 1 have this name"),
            "{error}"
        );
        assert!(listeners.take(0).is_some() && listeners.take(1).is_some());
    }

    #[test]
    fn a_descriptor_that_is_no_listener_says_so_each_time() {
        let listeners: InheritedListeners = [("log".to_owned(), None)].into_iter().collect();
        for _ in 0..2 {
            let error = claim(&listeners, "log").unwrap_err();
            assert_eq!(error, "the descriptor at its place is no listener");
        }
    }
}
