//! The steps that the requests of a load are in.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A step of a request, or of the process that sends requests.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Connect,
    TlsHandshake,
    HttpHandshake,
    /// The wait until the connection takes a request.
    Ready,
    /// The wait for the head of the response; with tonic for the whole response.
    Response,
    Body,
    /// The wait for a line of Python's.
    Output,
    /// The wait for the exit of Python's process.
    Exit,
}

impl Step {
    const ALL: [(Step, &str); 8] = [
        (Step::Connect, "connect"),
        (Step::TlsHandshake, "TLS handshake"),
        (Step::HttpHandshake, "HTTP handshake"),
        (Step::Ready, "ready"),
        (Step::Response, "response"),
        (Step::Body, "body"),
        (Step::Output, "output of the process"),
        (Step::Exit, "exit of the process"),
    ];
}

/// How many requests are in each step. A clone counts into the same numbers.
#[derive(Clone, Default)]
pub(super) struct Steps(Arc<[AtomicUsize; Step::ALL.len()]>);

impl Steps {
    /// Counts a request in this step until the future is ready or dropped.
    pub(super) async fn during<F: Future>(&self, step: Step, future: F) -> F::Output {
        let _counted = Counted::new(&self.0[step as usize]);
        future.await
    }
}

/// For example "connect 1, response 4".
impl fmt::Display for Steps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for (step, name) in Step::ALL {
            // The number is only shown, so it needs no order with anything else.
            let count = self.0[step as usize].load(Ordering::Relaxed);
            if count > 0 {
                write!(formatter, "{between}{name} {count}")?;
                between = ", ";
            }
        }
        if between.is_empty() {
            formatter.write_str("none")?;
        }
        Ok(())
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Counted<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
