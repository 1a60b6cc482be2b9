//! How often each of many keys may do something.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A power of two, of parts with a lock each.
const PARTS: usize = 16;

/// A key, as its hash under a secret of this process: as large for a long header as for an address, and
/// clients cannot make two of them meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct QuotaKey(u64);

/// The rate of each key, by the generic cell rate algorithm (GCRA): of a key one time is kept, that at which
/// it will have used nothing. Each request moves it on by one interval, and none may move it further away
/// than a whole burst.
///
/// A key that was not used for the time of a whole burst is as one that was never seen. So two generations
/// are enough: a key that is used moves to the young one, and when the old one was not touched for that
/// time it is dropped whole. That happens at requests, without a task. A generation that is full takes no
/// further key: those share one time, which is kept as if they were one key.
#[derive(Debug)]
pub(super) struct Quotas {
    rate: Rate,
    /// Keys of one generation in one part.
    room: usize,
    secret: RandomState,
    origin: Instant,
    parts: [Mutex<Part>; PARTS],
}

/// In nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Rate {
    interval: u64,
    /// The time of a whole burst.
    burst: u64,
}

/// Times are in nanoseconds from the origin.
#[derive(Debug, Default)]
struct Part {
    young: HashMap<u64, u64>,
    old: HashMap<u64, u64>,
    /// The time at which the young generation began.
    began: u64,
    /// That of the keys for which there was no room.
    shared: u64,
}

impl Rate {
    /// The time of a key after one more request.
    ///
    /// # Errors
    /// The time until it may come.
    fn use_one(self, until: u64, now: u64) -> Result<u64, Duration> {
        let next = until.max(now).saturating_add(self.interval);
        let most = now.saturating_add(self.burst);
        if next > most {
            return Err(Duration::from_nanos(next - most));
        }
        Ok(next)
    }
}

impl Part {
    /// Makes the young generation the old one when that has nothing that counts any more.
    fn age(&mut self, now: u64, burst: u64) {
        if now.saturating_sub(self.began) < burst {
            return;
        }
        std::mem::swap(&mut self.young, &mut self.old);
        // Where there was no room, a key was used and stayed in the old one.
        self.young.retain(|_, until| *until > now);
        if now.saturating_sub(self.began) >= burst.saturating_mul(2) {
            // No request came for the time of a generation.
            self.old.clear();
        }
        self.began = now;
    }

    fn use_one(&mut self, key: u64, now: u64, room: usize, rate: Rate) -> Result<(), Duration> {
        self.age(now, rate.burst);
        if let Some(until) = self.young.get_mut(&key) {
            *until = rate.use_one(*until, now)?;
            return Ok(());
        }
        let known = self.old.get(&key).copied();
        if self.young.len() >= room {
            let until = known.unwrap_or(self.shared);
            let next = rate.use_one(until, now)?;
            match self.old.get_mut(&key) {
                Some(until) => *until = next,
                None => self.shared = next,
            }
            return Ok(());
        }
        let next = rate.use_one(known.unwrap_or(0), now)?;
        self.old.remove(&key);
        self.young.insert(key, next);
        Ok(())
    }
}

impl Quotas {
    /// `count` in each `period`, of which `burst` may come at once, for at most `keys`.
    pub(super) fn new((count, period): (u32, Duration), burst: u32, keys: usize) -> Quotas {
        let nanos = |time: u128| u64::try_from(time).unwrap_or(u64::MAX);
        let interval = nanos(period.as_nanos() / u128::from(count.max(1))).max(1);
        Quotas {
            rate: Rate {
                interval,
                burst: interval.saturating_mul(u64::from(burst.max(1))),
            },
            room: keys.div_ceil(2 * PARTS).max(1),
            secret: RandomState::new(),
            origin: Instant::now(),
            parts: Default::default(),
        }
    }

    pub(super) fn key(&self, of: &impl Hash) -> QuotaKey {
        QuotaKey(self.secret.hash_one(of))
    }

    /// Counts one request of this key.
    ///
    /// # Errors
    /// The time until the next is allowed.
    pub(super) fn use_one(&self, QuotaKey(key): QuotaKey) -> Result<(), Duration> {
        let now = self.now();
        let part = usize::try_from(key % 16).unwrap_or(0);
        let mut part = self.parts[part]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        part.use_one(key, now, self.room, self.rate)
    }

    /// How many keys are kept. Those that count no more are dropped first: a part in which no request came
    /// still has them.
    pub(super) fn keys(&self) -> usize {
        let now = self.now();
        let count = |part: &Mutex<Part>| {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.age(now, self.rate.burst);
            part.young.len() + part.old.len()
        };
        self.parts.iter().map(count).sum()
    }

    fn now(&self) -> u64 {
        let now = Instant::now().saturating_duration_since(self.origin);
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn used(quotas: &Quotas, key: &str) -> Result<(), Duration> {
        quotas.use_one(quotas.key(&key))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_let_through_and_then_the_rate() {
        let quotas = Quotas::new((10, SECOND), 3, 100);
        let tenth = SECOND / 10;
        for _ in 0..3 {
            assert_eq!(used(&quotas, "a"), Ok(()));
        }
        assert_eq!(used(&quotas, "a"), Err(tenth));
        assert_eq!(
            used(&quotas, "a"),
            Err(tenth),
            "one that is refused costs nothing"
        );
        assert_eq!(used(&quotas, "b"), Ok(()), "each key for itself");
        tokio::time::advance(tenth / 2).await;
        assert_eq!(used(&quotas, "a"), Err(tenth / 2));
        tokio::time::advance(tenth / 2).await;
        assert_eq!(used(&quotas, "a"), Ok(()));
        assert_eq!(used(&quotas, "a"), Err(tenth));
        tokio::time::advance(100 * SECOND).await;
        for _ in 0..3 {
            assert_eq!(used(&quotas, "a"), Ok(()), "no more than a burst is saved");
        }
        assert_eq!(used(&quotas, "a"), Err(tenth));
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_is_remembered_as_long_as_it_counts_and_not_longer() {
        let quotas = Quotas::new((1, SECOND), 10, 100_000);
        for _ in 0..10 {
            assert_eq!(used(&quotas, "busy"), Ok(()));
        }
        for second in 0..100 {
            tokio::time::advance(SECOND).await;
            for key in 0..10 {
                let _ = used(&quotas, &format!("{second} {key}"));
            }
            assert_eq!(used(&quotas, "busy"), Ok(()), "{second}");
            assert_eq!(used(&quotas, "busy"), Err(SECOND), "{second}");
            assert!(quotas.keys() <= 1 + 2 * 10 * 10 + 10, "{}", quotas.keys());
        }
        tokio::time::advance(100 * SECOND).await;
        for key in 0..1_000 {
            let _ = used(&quotas, &format!("new {key}"));
        }
        assert!(quotas.keys() <= 1_000, "{}", quotas.keys());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_bounded_and_those_without_room_are_limited_together() {
        let quotas = Quotas::new((1, SECOND), 2, 1_000);
        for _ in 0..2 {
            assert_eq!(used(&quotas, "first"), Ok(()));
        }
        let count =
            |from: u32| (from..from + 20_000).filter(|key| used(&quotas, &key.to_string()).is_ok());
        let let_through = count(0).count();
        assert!(quotas.keys() <= 1_000 + 2 * PARTS, "{}", quotas.keys());
        // The keys that have room, and a burst for each part.
        assert!((400..=600).contains(&let_through), "{let_through}");
        assert_eq!(used(&quotas, "first"), Err(SECOND), "it is not forgotten");
        // A key that is remembered in the old generation is itself, though there is no room in the young.
        tokio::time::advance(SECOND).await;
        assert_eq!(used(&quotas, "first"), Ok(()));
        for second in 0..10 {
            tokio::time::advance(SECOND).await;
            let _ = count(100_000 * (second + 1)).count();
            assert_eq!(used(&quotas, "first"), Ok(()), "{second}");
            assert_eq!(used(&quotas, "first"), Err(SECOND), "{second}");
            assert!(quotas.keys() <= 1_000 + 2 * PARTS, "{}", quotas.keys());
        }
    }

    #[test]
    fn the_longest_periods_and_no_count_are_no_panic() {
        for (count, period, burst) in [
            (0, Duration::MAX, 0),
            (u32::MAX, Duration::ZERO, u32::MAX),
            (1, Duration::MAX, u32::MAX),
        ] {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let _entered = runtime.expect("a runtime");
            let quotas = Quotas::new((count, period), burst, 0);
            assert_eq!(used(&quotas, "a"), Ok(()));
        }
    }
}
