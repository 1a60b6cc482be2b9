//! The last lines of a process. Their reader may be gone, or stand still: they have a second.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use kit_sync::Scope;

const LAST_WORDS: Duration = Duration::from_secs(1);

/// Calls `say` in a thread of `home` and waits a second for it at most. Where the system has no thread to give,
/// which may be what is to be said, the caller waits for the reader.
pub(crate) fn within_a_second(home: &Scope, say: impl FnOnce() + Send + 'static) {
    let say = Arc::new(Mutex::new(Some(say)));
    let words = Arc::clone(&say);
    let (said, done) = mpsc::channel();
    let saying = home.spawn_thread("last words", move |_| {
        let say = kit_sync::lock(&words).take();
        if let Some(say) = say {
            say();
        }
        let _ = said.send(());
    });
    if saying.is_ok() {
        let _ = done.recv_timeout(LAST_WORDS);
        return;
    }
    let unsaid = kit_sync::lock(&say).take();
    if let Some(say) = unsaid {
        say();
    }
}

/// Writes to the standard error output.
pub(crate) fn last_words(home: &Scope, words: String) {
    within_a_second(home, move || {
        let _ = io::stderr().write_all(words.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use kit_sync::TaskTree;

    use super::*;

    #[tokio::test]
    async fn what_no_thread_can_say_is_said_by_the_caller() {
        let tree = TaskTree::new("main");
        let home = tree.scope().clone();
        drop(tree);
        let (said, heard) = mpsc::channel();
        within_a_second(&home, move || said.send("the end").unwrap());
        assert_eq!(heard.try_recv(), Ok("the end"));
    }
}
