//! The queue and its thread, in front of readers of each kind.

use std::sync::mpsc::{self, Receiver, Sender};

use super::super::format::Format;
use super::super::identity::Identity;
use super::super::options::{LogFormat, RepeatOptions};
use super::super::repeat::Repeat;
use super::*;

/// An output that takes a write once it may.
struct Gated {
    may: Receiver<()>,
    taken: Sender<String>,
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.may.recv().map_err(|_| ErrorKind::BrokenPipe)?;
        let _ = self.taken.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn start(capacity: usize) -> (Writer, Sender<()>, Receiver<String>) {
    let (open, may) = mpsc::channel();
    let (taken, seen) = mpsc::channel();
    let notices = Notices {
        format: Format::choose(LogFormat::Logfmt, false),
        identity: Arc::new(Identity::of("orders".to_owned())),
        repeat: Arc::new(Repeat::new(&RepeatOptions::default())),
    };
    let output = Box::new(Gated { may, taken });
    (
        Writer::start(output, capacity, notices).unwrap(),
        open,
        seen,
    )
}

/// Until the thread has the first line in its hands.
fn until_taken(queue: &LineQueue) {
    while !queue.lock().waiting.is_empty() {
        thread::yield_now();
    }
}

#[test]
fn a_full_queue_drops_the_oldest_and_says_how_many_when_there_is_room() {
    let (mut writer, open, seen) = start(6);
    let queue = Arc::clone(writer.lines());
    queue.push("a\n".to_owned());
    until_taken(&queue);
    for line in ["b\n", "c\n", "d\n", "e\n", "f\n"] {
        queue.push(line.to_owned());
    }
    let counts = queue.counts();
    assert_eq!((counts.written, counts.dropped, counts.waiting), (0, 2, 4));
    assert!(!queue.flush(Duration::from_millis(1)));
    open.send(()).unwrap();
    assert_eq!(seen.recv().unwrap(), "a\n");
    open.send(()).unwrap();
    let rest = seen.recv().unwrap();
    let (notice, lines) = rest.split_once('\n').unwrap();
    assert!(notice.ends_with(" service=orders dropped=2"), "{notice}");
    assert_eq!(lines, "d\ne\nf\n");
    writer.end(Duration::from_secs(10));
    assert_eq!(
        queue.last_lines(Duration::from_secs(1)),
        ["2 lines were dropped, as the log's reader was too slow"]
    );
}

#[test]
fn the_last_lines_are_written_before_the_end() {
    let (mut writer, open, seen) = start(1 << 20);
    for _ in 0..2 {
        open.send(()).unwrap();
    }
    writer.lines().push("first\n".to_owned());
    assert!(writer.lines().flush(Duration::from_secs(10)));
    writer.lines().push("last\n".to_owned());
    writer.end(Duration::from_secs(10));
    let written: Vec<_> = seen.try_iter().collect();
    assert_eq!(written, ["first\n", "last\n"]);
    // What comes after the end is counted.
    writer.lines().push("too late\n".to_owned());
    assert_eq!(writer.lines().counts().dropped, 1);
}

#[test]
fn the_end_waits_for_a_reader_that_stands_still_once_and_for_the_limit() {
    let (mut writer, _open, _seen) = start(1 << 20);
    let queue = Arc::clone(writer.lines());
    queue.push("stuck\n".to_owned());
    let limit = Duration::from_millis(100);
    let begun = Instant::now();
    assert_eq!(queue.last_lines(limit), ["1 line was not written in time"]);
    assert!(begun.elapsed() >= limit);
    // The drop after it waits no second time, nor does a panic.
    let begun = Instant::now();
    writer.end(Duration::from_secs(60));
    assert!(!queue.flush(Duration::from_secs(60)));
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_reader_that_is_gone_ends_nothing() {
    let (mut writer, open, _seen) = start(1 << 20);
    drop(open);
    writer.lines().push("lost\n".to_owned());
    assert!(writer.lines().flush(Duration::from_secs(10)));
    writer.lines().push("lost, too\n".to_owned());
    assert!(writer.lines().flush(Duration::from_secs(10)));
    writer.end(Duration::from_secs(10));
    assert_eq!(writer.lines().counts().dropped, 2);
}

/// As `/dev/full`, until it is emptied.
struct Full {
    is_full: Arc<std::sync::atomic::AtomicBool>,
    taken: Sender<String>,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // It orders nothing else.
        if self.is_full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(ErrorKind::StorageFull.into());
        }
        let _ = self.taken.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_that_refuses_is_named_by_its_error() {
    let is_full = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (taken, seen) = mpsc::channel();
    let notices = Notices {
        format: Format::choose(LogFormat::Logfmt, false),
        identity: Arc::new(Identity::of("orders".to_owned())),
        repeat: Arc::new(Repeat::new(&RepeatOptions::default())),
    };
    let output = Box::new(Full {
        is_full: Arc::clone(&is_full),
        taken,
    });
    let mut writer = Writer::start(output, 1 << 20, notices).unwrap();
    writer.lines().push("lost\n".to_owned());
    assert_eq!(
        writer.lines().last_lines(Duration::from_secs(10)),
        ["1 line was dropped, as the log could not be written: no storage space"]
    );
    is_full.store(false, std::sync::atomic::Ordering::Relaxed);
    writer.lines().push("kept\n".to_owned());
    writer.end(Duration::from_secs(10));
    let written = seen.try_iter().collect::<String>();
    assert!(
        written.contains(
            "message=\"the log could not be written: lines before this one were dropped\""
        ) && written.ends_with(" dropped=1 error=\"no storage space\"\nkept\n"),
        "{written}"
    );
}
