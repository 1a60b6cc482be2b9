use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kit::BoxError;

use crate::biz::{Greeting, Repository};

/// The greetings, as long as the process lives.
#[derive(Clone, Default)]
pub struct Greetings {
    kept: Arc<Mutex<Vec<Greeting>>>,
}

impl Greetings {
    pub async fn open() -> Result<Greetings, BoxError> {
        Ok(Greetings::default())
    }

    pub async fn close(self) -> Result<(), BoxError> {
        let greetings = self.kept().len();
        tracing::info!(greetings, "forgotten");
        Ok(())
    }

    /// No panic leaves them half changed.
    fn kept(&self) -> MutexGuard<'_, Vec<Greeting>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Repository for Greetings {
    async fn add(&self, name: &str) -> Result<Greeting, BoxError> {
        let mut kept = self.kept();
        let greeting = Greeting {
            id: i64::try_from(kept.len())? + 1,
            name: name.to_owned(),
            sent: false,
        };
        kept.push(greeting.clone());
        Ok(greeting)
    }

    async fn find(&self, id: i64) -> Result<Option<Greeting>, BoxError> {
        let kept = self.kept();
        Ok(kept.iter().find(|greeting| greeting.id == id).cloned())
    }

    async fn next_unsent(&self) -> Result<Option<Greeting>, BoxError> {
        let kept = self.kept();
        Ok(kept.iter().find(|greeting| !greeting.sent).cloned())
    }

    async fn mark_sent(&self, id: i64) -> Result<(), BoxError> {
        let mut kept = self.kept();
        let greeting = kept.iter_mut().find(|greeting| greeting.id == id);
        greeting.ok_or("it is not there")?.sent = true;
        Ok(())
    }
}
