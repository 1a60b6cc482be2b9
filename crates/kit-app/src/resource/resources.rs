//! The resources of a run: those that are left, the one that opens, those that are open.

use std::collections::VecDeque;

use kit_transport::{Lifecycle, Values};
use tokio::sync::watch;

use super::{OpenResource, Opening, Resource, UnopenedResource};

pub(crate) struct Resources {
    /// In the order in which they were given.
    left: VecDeque<Resource>,
    /// The one whose start was called off; it may go on.
    pub(crate) interrupted: Option<Opening>,
    /// The one that could not be opened: none comes after it.
    pub(crate) unopened: Option<UnopenedResource>,
    /// In the order in which they were opened.
    opened: Vec<OpenResource>,
    /// What components, requests and hooks find by its type.
    pub(crate) values: Values,
    lifecycle: watch::Sender<Lifecycle>,
}

impl Resources {
    pub(crate) fn new(resources: Vec<Resource>, values: Values) -> Resources {
        Resources {
            left: resources.into(),
            interrupted: None,
            unopened: None,
            opened: Vec::new(),
            values,
            lifecycle: watch::Sender::new(Lifecycle::new()),
        }
    }

    pub(crate) fn take_next(&mut self) -> Option<Resource> {
        self.left.pop_front()
    }

    pub(crate) fn add(&mut self, opened: OpenResource) {
        self.opened.push(opened);
    }

    /// The one to be closed next.
    pub(crate) fn take_last(&mut self) -> Option<OpenResource> {
        self.opened.pop()
    }

    /// Whether there is one, opened or not.
    pub(crate) fn is_any(&self) -> bool {
        self.open() > 0 || !self.left.is_empty()
    }

    /// How many are to be closed.
    pub(crate) fn open(&self) -> usize {
        let has_rest = self.interrupted.is_some() || self.unopened.is_some();
        self.opened.len() + usize::from(has_rest)
    }

    pub(crate) fn lifecycle(&self) -> watch::Receiver<Lifecycle> {
        self.lifecycle.subscribe()
    }

    /// Where that is published.
    pub(crate) fn life(&self) -> watch::Sender<Lifecycle> {
        self.lifecycle.clone()
    }

    pub(crate) fn set_lifecycle(&self, change: impl FnOnce(&mut Lifecycle)) {
        self.lifecycle.send_modify(change);
    }
}
