//! Listeners that the process has inherited.

use std::sync::{Arc, Mutex};

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

/// The listeners that a process was given, each of which one server can take.
///
/// ```
/// use kit_transport::{Inherited, InheritedListeners};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let listeners: InheritedListeners = [Some(Inherited::from(listener))].into_iter().collect();
/// assert!(listeners.take(0).is_some());
/// assert!(listeners.take(0).is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct InheritedListeners(Arc<Mutex<Vec<Option<Inherited>>>>);

impl InheritedListeners {
    /// The `index`th one, unless it was taken before.
    #[must_use]
    pub fn take(&self, index: usize) -> Option<Inherited> {
        let mut listeners = kit_sync::lock(&self.0);
        listeners.get_mut(index)?.take()
    }
}

/// `None` stands for a descriptor that is no listener, so that the others keep their numbers.
impl FromIterator<Option<Inherited>> for InheritedListeners {
    fn from_iter<I>(listeners: I) -> InheritedListeners
    where
        I: IntoIterator<Item = Option<Inherited>>,
    {
        let listeners = listeners.into_iter().collect();
        InheritedListeners(Arc::new(Mutex::new(listeners)))
    }
}
