//! The queue of lines, and the thread that writes them.

mod counts;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::time::Instant;

use super::identity::Notices;
pub(super) use counts::LineCounts;

/// The name of the thread; Linux shows its first 15 bytes.
pub(super) const THREAD: &str = "kit-log";
/// How much is written by one call.
const BATCH: usize = 64 << 10;
/// How often an idle writer looks for lines that were held back.
const LOOK: Duration = Duration::from_secs(1);
/// The pause before the next attempt at an output that is non-blocking and full.
const FULL: Duration = Duration::from_millis(5);
/// The time of a flush after one that was in vain, while nothing was written since.
const IN_VAIN: Duration = Duration::from_millis(10);

/// A bounded queue of lines in front of their reader. Nothing that pushes into it waits for the reader.
pub(crate) struct LineQueue {
    capacity: usize,
    state: Mutex<QueueState>,
    /// A line has come, or the queue is closed.
    filled: Condvar,
    /// Lines were written or dropped.
    emptied: Condvar,
    /// Until when the end of the process waits, from the first wait on.
    end: OnceLock<Instant>,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: VecDeque<String>,
    /// Of the lines that wait.
    bytes: usize,
    counts: LineCounts,
    /// Of the dropped, those that no line has said.
    unsaid: u64,
    /// Some of those were lost by an error.
    is_refused: bool,
    /// The last error of the output.
    error: Option<String>,
    /// A flush was in vain, and nothing was written since.
    is_stuck: bool,
    is_closed: bool,
}

impl LineQueue {
    fn new(capacity: usize) -> LineQueue {
        LineQueue {
            capacity,
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            end: OnceLock::new(),
        }
    }

    /// Drops the oldest lines when there is no room: a reader that comes back, and the last lines before an
    /// exit, want to know how things stand now.
    pub(super) fn push(&self, line: String) {
        let mut state = self.lock();
        state.counts.waiting += 1;
        if state.is_closed {
            state.drop_lines(1);
            return;
        }
        state.bytes += line.len();
        state.waiting.push_back(line);
        let mut dropped = 0;
        while state.bytes > self.capacity && state.waiting.len() > 1 {
            let oldest = state.waiting.pop_front();
            state.bytes -= oldest.map_or(0, |line| line.len());
            dropped += 1;
        }
        state.drop_lines(dropped);
        drop(state);
        self.filled.notify_one();
    }

    /// Waits until every line that is in the queue now is written or dropped, for `limit` at most. `false`
    /// when it is not. After a flush that was in vain it waits no more until something was written.
    pub(crate) fn flush(&self, limit: Duration) -> bool {
        let state = self.lock();
        let limit = if state.is_stuck {
            limit.min(IN_VAIN)
        } else {
            limit
        };
        let until = state.counts.pushed();
        let waits = |state: &mut QueueState| state.counts.done() < until;
        let waited = self.emptied.wait_timeout_while(state, limit, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_done = state.counts.done() >= until;
        state.is_stuck |= !is_done;
        is_done
    }

    /// The flush at the end of the process, which may be asked for by a stop and then by the drop: both have
    /// `limit` together.
    fn flush_at_end(&self, limit: Duration) -> bool {
        let end = *self.end.get_or_init(|| Instant::now() + limit);
        let left = end.saturating_duration_since(Instant::now());
        self.flush(left.min(limit))
    }

    /// The last step of a stop. Gives a line of the report when lines are missing.
    pub(super) fn last_lines(&self, limit: Duration) -> Vec<String> {
        self.flush_at_end(limit);
        let state = self.lock();
        let (counts, error) = (state.counts, state.error.clone());
        drop(state);
        let dropped = match error {
            Some(error) => format!("dropped, as the log could not be written: {error}"),
            None => "dropped, as the log's reader was too slow".to_owned(),
        };
        let missing = [
            (counts.dropped, &*dropped),
            (counts.waiting, "not written in time"),
        ];
        let missing = missing.into_iter().filter(|(lines, _)| *lines > 0);
        missing
            .map(|(lines, why)| match lines {
                1 => format!("1 line was {why}"),
                lines => format!("{lines} lines were {why}"),
            })
            .collect()
    }

    pub(super) fn counts(&self) -> LineCounts {
        self.lock().counts
    }

    /// Waits for lines; `None` once the queue is closed and empty, and nothing when none has come for a while.
    fn next(&self) -> Option<WaitingLines> {
        let waits = |state: &mut QueueState| state.waiting.is_empty() && !state.is_closed;
        let waited = self.filled.wait_timeout_while(self.lock(), LOOK, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.is_closed && state.waiting.is_empty() && state.unsaid == 0 {
            return None;
        }
        let mut batch = WaitingLines {
            unsaid: std::mem::take(&mut state.unsaid),
            error: std::mem::take(&mut state.is_refused)
                .then(|| state.error.clone())
                .flatten(),
            ..WaitingLines::default()
        };
        while let Some(line) = state.waiting.pop_front() {
            state.bytes -= line.len();
            batch.lines += 1;
            batch.text.push_str(&line);
            if batch.text.len() >= BATCH {
                break;
            }
        }
        Some(batch)
    }

    fn record(&self, batch: &WaitingLines, written: io::Result<()>) {
        let mut state = self.lock();
        match written {
            Ok(()) => {
                state.counts.written += batch.lines;
                state.counts.waiting -= batch.lines;
                state.is_stuck = false;
            }
            Err(error) => {
                state.unsaid += batch.unsaid;
                state.drop_lines(batch.lines);
                state.is_refused = true;
                state.error = Some(error.to_string());
            }
        }
        drop(state);
        self.emptied.notify_all();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        kit_sync::lock(&self.state)
    }
}

impl QueueState {
    fn drop_lines(&mut self, lines: u64) {
        self.counts.dropped += lines;
        self.counts.waiting -= lines;
        self.unsaid += lines;
    }
}

/// Lines for one write.
#[derive(Debug, Default)]
struct WaitingLines {
    text: String,
    lines: u64,
    /// How many were dropped before them.
    unsaid: u64,
    /// The error by which those were dropped.
    error: Option<String>,
}

/// The thread that writes.
pub(super) struct Writer {
    lines: Arc<LineQueue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// # Errors
    /// When the system has no thread to give.
    pub(super) fn start(
        output: Box<dyn Write + Send>,
        capacity: usize,
        notices: Notices,
    ) -> io::Result<Writer> {
        let lines = Arc::new(LineQueue::new(capacity));
        let queue = Arc::clone(&lines);
        let thread = thread::Builder::new().name(THREAD.to_owned());
        let thread = thread.spawn(move || write_all_lines(&queue, output, &notices))?;
        Ok(Writer {
            lines,
            thread: Some(thread),
        })
    }

    pub(super) fn lines(&self) -> &Arc<LineQueue> {
        &self.lines
    }

    /// Ends the thread: it has what is left of `limit` for the lines. One that is in a write which blocks is
    /// left to the end of the process.
    pub(super) fn end(&mut self, limit: Duration) {
        self.lines.close();
        let is_done = self.lines.flush_at_end(limit);
        if let Some(thread) = self.thread.take().filter(|_| is_done) {
            // With nothing left to write it ends now; it does not panic.
            let _ = thread.join();
        }
    }
}

/// Writes until the queue is closed and empty. Lines that are lost by an error of the output are counted as
/// dropped: a reader that is gone is no reason to end.
fn write_all_lines(queue: &LineQueue, mut output: Box<dyn Write + Send>, notices: &Notices) {
    while let Some(batch) = queue.next() {
        let mut text = String::new();
        if batch.unsaid > 0 {
            text.push_str(&notices.dropped(batch.unsaid, batch.error.as_deref()));
        }
        text.push_str(&batch.text);
        text.extend(notices.held_back(false));
        // Lines that come during the write are tried after it, also when the queue is closed by then.
        let was_closed = queue.is_closed();
        let written = write(&mut *output, text.as_bytes(), queue);
        let is_lost = written.is_err();
        queue.record(&batch, written);
        if is_lost && was_closed {
            break;
        }
    }
    let last: String = notices.held_back(true).concat();
    let _ = write(&mut *output, last.as_bytes(), queue);
}

/// As [`Write::write_all`], also for an output that another process has made non-blocking.
fn write(output: &mut dyn Write, mut text: &[u8], queue: &LineQueue) -> io::Result<()> {
    while !text.is_empty() {
        match output.write(text) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => text = &text[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && !queue.is_closed() => {
                thread::sleep(FULL);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // The end of the process waits for this thread no longer than its limit.
                thread::sleep(FULL);
                if queue.end.get().is_some_and(|end| *end <= Instant::now()) {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    output.flush()
}

#[cfg(test)]
mod tests;
