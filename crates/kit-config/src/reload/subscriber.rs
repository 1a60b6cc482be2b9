//! Code that is asked before settings are replaced.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kit_sync::BoxError;
use kit_sync::panic::message;

use super::outcome::ReloadError;

/// What a subscriber does once the new settings are published: nothing, or a function that is called
/// then.
pub trait Commit: Send + 'static {
    /// Does it.
    fn commit(self);
}

impl Commit for () {
    fn commit(self) {}
}

impl<F: FnOnce() + Send + 'static> Commit for F {
    fn commit(self) {
        self();
    }
}

type Commits = Box<dyn FnOnce() + Send>;

type Prepare<T> = dyn Fn(&T, &T) -> Result<Commits, BoxError> + Send + Sync;

/// Code that is asked before settings are replaced.
pub(super) struct Subscriber<T> {
    name: String,
    prepare: Box<Prepare<T>>,
}

impl<T> Subscriber<T> {
    pub(super) fn new<C, E>(
        name: String,
        prepare: impl Fn(&T, &T) -> Result<C, E> + Send + Sync + 'static,
    ) -> Subscriber<T>
    where
        C: Commit,
        E: Into<BoxError>,
    {
        let prepare = move |old: &T, new: &T| -> Result<Commits, BoxError> {
            let commit = prepare(old, new).map_err(Into::into)?;
            Ok(Box::new(move || commit.commit()))
        };
        Subscriber {
            name,
            prepare: Box::new(prepare),
        }
    }
}

/// What all subscribers have prepared. Dropped, it is undone.
pub(super) struct Prepared(Vec<(String, Commits)>);

impl Prepared {
    /// Asks all in order, until one refuses. A panic is a refusal.
    pub(super) fn by<T>(
        subscribers: &[Arc<Subscriber<T>>],
        old: &T,
        new: &T,
    ) -> Result<Prepared, ReloadError> {
        let mut prepared = Vec::with_capacity(subscribers.len());
        for one in subscribers {
            // The settings are only read, and what the subscriber has broken in itself it keeps.
            let asked = catch_unwind(AssertUnwindSafe(|| (one.prepare)(old, new)));
            let asked = asked.unwrap_or_else(|panic| Err(panicked(&*panic)));
            let commit = asked.map_err(|source| ReloadError::Refused {
                subscriber: one.name.clone(),
                source: Arc::from(source),
            })?;
            prepared.push((one.name.clone(), commit));
        }
        Ok(Prepared(prepared))
    }

    /// Has all do what they have prepared, in order. A panic keeps no other from it: the settings are
    /// published already. Gives the lines about panics.
    pub(super) fn commit(self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, commit) in self.0 {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(commit)) {
                let panic = panicked(&*panic);
                lines.push(format!(
                    "{name} has not taken the new settings, which are published: {panic}"
                ));
            }
        }
        lines
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> BoxError {
    format!("it has panicked: {}", message(panic)).into()
}
