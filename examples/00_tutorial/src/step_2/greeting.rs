//! The greeting: what it says, and what it refuses. It knows nothing of HTTP.

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

#[derive(Clone)]
pub(crate) struct Greeting {
    word: String,
    longest_name: usize,
}

impl Greeting {
    pub(crate) fn new(word: &str, longest_name: usize) -> Greeting {
        Greeting {
            word: word.to_owned(),
            longest_name,
        }
    }

    pub(crate) fn greet(&self, name: &str) -> Result<String, GreetingError> {
        let (length, most) = (name.chars().count(), self.longest_name);
        if length > most {
            return Err(GreetingError::NameTooLong { length, most });
        }
        Ok(format!("{}, {name}", self.word))
    }
}
