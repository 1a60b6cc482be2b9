//! A deadline that does not pass while the process stands still.

use tokio::time::{Instant, sleep_until};

use crate::standstill::StandstillClock;

/// When something must be over. Time in which the process did not run is given back, as its
/// [`Standstill`](crate::Standstill) sees it; one made from an `Instant` is fixed. Clones move
/// together.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::Deadline;
/// use tokio::time::Instant;
///
/// let now = Instant::now();
/// let deadline = Deadline::from(now + Duration::from_secs(20));
/// let sooner = deadline.earlier_by(Duration::from_secs(1));
/// assert_eq!(sooner.instant() - now, Duration::from_secs(19));
/// ```
#[derive(Clone, Debug)]
pub struct Deadline {
    /// As it was set, less the time that had been missed by then.
    at: Instant,
    clock: StandstillClock,
}

impl Deadline {
    pub(crate) fn new(at: Instant, clock: StandstillClock) -> Deadline {
        let missed = clock.missed();
        let at = at.checked_sub(missed).unwrap_or(at);
        Deadline { at, clock }
    }

    /// When it passes, as things stand now.
    #[must_use]
    pub fn instant(&self) -> Instant {
        self.at + self.clock.missed()
    }

    /// A deadline that passes earlier by `duration`, and moves with this one.
    #[must_use]
    pub fn earlier_by(&self, duration: std::time::Duration) -> Deadline {
        Deadline {
            at: self.at.checked_sub(duration).unwrap_or(self.at),
            clock: self.clock.clone(),
        }
    }

    /// A deadline that passes later by `duration`, and moves with this one: time that the process
    /// has missed since this one was made is given back to both.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_sync::Deadline;
    /// use tokio::time::Instant;
    ///
    /// let begun = Instant::now();
    /// let deadline = Deadline::from(begun).later_by(Duration::from_secs(20));
    /// assert_eq!(deadline.instant() - begun, Duration::from_secs(20));
    /// ```
    #[must_use]
    pub fn later_by(&self, duration: std::time::Duration) -> Deadline {
        Deadline {
            at: self.at + duration,
            clock: self.clock.clone(),
        }
    }

    /// A deadline for the same process that passes at `at`, unless the process stands still before.
    #[must_use]
    pub fn at(&self, at: Instant) -> Deadline {
        Deadline::new(at, self.clock.clone())
    }

    /// A deadline for the same process that passes `duration` from now.
    #[must_use]
    pub fn after(&self, duration: std::time::Duration) -> Deadline {
        // Read in this order: a process that stands still in between gets too much back and not
        // too little.
        let missed = self.clock.missed();
        let at = Instant::now() + duration;
        Deadline {
            at: at.checked_sub(missed).unwrap_or(at),
            clock: self.clock.clone(),
        }
    }

    /// The end of the first of `parts` equal parts of the time that is left.
    #[must_use]
    pub fn first_of(&self, parts: u32) -> Deadline {
        // Made from this one: when the process has just stood still, nothing seems to be left, and
        // both move once that is seen.
        let left = self.instant().saturating_duration_since(Instant::now());
        self.earlier_by(left - left / parts.max(1))
    }

    /// The one of the two that passes first.
    #[must_use]
    pub fn sooner(self, other: Deadline) -> Deadline {
        if other.instant() < self.instant() {
            other
        } else {
            self
        }
    }

    /// The one of the two that passes last.
    #[must_use]
    pub fn later(self, other: Deadline) -> Deadline {
        if other.instant() > self.instant() {
            other
        } else {
            self
        }
    }

    /// [Catches up](crate::Standstill::catch_up) with the time that the process has just missed.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn catch_up(&self) {
        self.clock.catch_up().await;
    }

    /// Whether the process may just have stood still, so that it seems to be earlier than it is.
    pub(crate) fn is_behind(&self) -> bool {
        self.clock.is_behind()
    }

    /// Whether it moves when the process stands still.
    pub(crate) fn is_watched(&self) -> bool {
        self.clock.is_watched()
    }

    /// Whether it has passed. When it seems so, waits for a moment until it is known whether the
    /// process has just stood still.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn has_passed(&self) -> bool {
        if Instant::now() < self.instant() {
            return false;
        }
        self.clock.settle().await;
        Instant::now() >= self.instant()
    }

    /// Resolves once it has passed.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn passed(&self) {
        while !self.has_passed().await {
            sleep_until(self.instant()).await;
        }
    }
}

impl From<Instant> for Deadline {
    fn from(at: Instant) -> Deadline {
        Deadline::new(at, StandstillClock::default())
    }
}

/// Two that pass at the same time, as things stand now.
impl PartialEq for Deadline {
    fn eq(&self, other: &Deadline) -> bool {
        self.instant() == other.instant()
    }
}

impl Eq for Deadline {}
