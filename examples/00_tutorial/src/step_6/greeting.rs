//! The greeting: what it says, and what it refuses. It knows nothing of HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kit::Reasons;

/// What goes wrong.
#[derive(Debug, Reasons)]
pub(crate) enum GreetingError {
    #[reason(
        code = 400,
        message = "a name has at most {most} characters, and this one has {length}"
    )]
    NameTooLong { length: usize, most: usize },
}

/// Clones count together.
#[derive(Clone)]
pub(crate) struct Greeting {
    word: String,
    longest_name: usize,
    greeted: Arc<AtomicU64>,
}

impl Greeting {
    pub(crate) fn new(word: &str, longest_name: usize) -> Greeting {
        Greeting {
            word: word.to_owned(),
            longest_name,
            greeted: Arc::default(),
        }
    }

    pub(crate) fn greet(&self, name: &str) -> Result<String, GreetingError> {
        let (length, most) = (name.chars().count(), self.longest_name);
        if length > most {
            return Err(GreetingError::NameTooLong { length, most });
        }
        self.greeted.fetch_add(1, Ordering::Relaxed);
        Ok(format!("{}, {name}", self.word))
    }

    /// How many were greeted.
    pub(crate) fn greeted(&self) -> u64 {
        self.greeted.load(Ordering::Relaxed)
    }
}
