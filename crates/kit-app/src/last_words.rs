//! The last lines of a process. Their reader may be gone, or stand still: they have a second.

use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

use kit_sync::Scope;

const LAST_WORDS: Duration = Duration::from_secs(1);

/// Calls `say` in a thread of `home` and waits a second for it at most.
pub(crate) fn within_a_second(home: &Scope, say: impl FnOnce() + Send + 'static) {
    let (said, done) = mpsc::channel();
    let saying = home.spawn_thread("last words", move |_| {
        say();
        let _ = said.send(());
    });
    if saying.is_ok() {
        let _ = done.recv_timeout(LAST_WORDS);
    }
}

/// Writes to the standard error output.
pub(crate) fn last_words(home: &Scope, words: String) {
    within_a_second(home, move || {
        let _ = io::stderr().write_all(words.as_bytes());
    });
}
