//! Two threads that do the same round at the same time, a million times.
//!
//! A write leaves the store buffer within some 100 ns, and only a read within that time can miss
//! it. So it is not enough that the threads run at the same time, they must run *in step*:
//!
//! - they meet before each round at a spin barrier: sleeping and waking up would take far longer than
//!   the effect lasts;
//! - the thread that arrives last goes on at once, the other one when the store has reached its core;
//!   to even that out, each waits a little more, and every pair of the small delays comes up in turn;
//! - each has a core to itself (on Linux): a scheduler with other work likes to put two threads
//!   that wait for each other on the same core, where they take turns;
//! - nothing else is shared: a thread keeps its results until all rounds are over.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::cores;

const DELAYS: u64 = 4;

/// After this number of looks the other thread has most likely lost its core to other work, so ours is
/// offered as well.
const PATIENCE: u32 = 100;

/// Runs both functions for each round, on a thread each, and returns their results.
///
/// The threads belong to this one call, so they are scoped threads of std: the language makes
/// sure that they end before it does. A `TaskTree` is for tasks that outlive the function that starts
/// them.
pub(crate) fn in_step<L: Send, R: Send>(
    rounds: u64,
    left: impl Fn(u64) -> L + Send,
    right: impl Fn(u64) -> R + Send,
) -> Vec<(L, R)> {
    let barrier = Barrier::default();
    thread::scope(|threads| {
        let left = threads.spawn(|| {
            cores::take(<[usize]>::first);
            barrier.run(rounds, |round| round % DELAYS, left)
        });
        let right = threads.spawn(|| {
            cores::take(<[usize]>::last);
            barrier.run(rounds, |round| round / DELAYS % DELAYS, right)
        });
        let end = "rounds of plain reads and writes do not panic";
        let (left, right) = (left.join().expect(end), right.join().expect(end));
        left.into_iter().zip(right).collect()
    })
}

#[derive(Default)]
#[repr(align(128))]
struct Barrier {
    arrivals: AtomicU64,
}

impl Barrier {
    fn run<T>(&self, rounds: u64, delay: fn(u64) -> u64, body: impl Fn(u64) -> T) -> Vec<T> {
        let in_step = |round| {
            self.meet(round);
            (0..delay(round)).for_each(|_| spin_loop());
            body(round)
        };
        (1..=rounds).map(in_step).collect()
    }

    /// Returns once both threads are here. Release and acquire keep the rounds apart: whatever
    /// was read and written in one of them happened before everything in the next.
    fn meet(&self, round: u64) {
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        let mut looks = 0;
        while self.arrivals.load(Ordering::Acquire) < 2 * round {
            looks += 1;
            if looks < PATIENCE {
                spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }
}
