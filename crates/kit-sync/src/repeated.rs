//! Which of many failures of one kind are worth a line.

use std::{fmt, time::Duration};

use tokio::time::Instant;

/// The first pause between two lines about one failure; it doubles with each line.
const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How many different texts of one spell have their own line.
const TEXTS: usize = 4;

/// Decides which failures of something that is tried again and again are logged: the first one at
/// once, then one after 10 s, 20 s, 40 s and so on up to every 5 minutes, each with a count, and
/// the end.
///
/// A failure with a text that was not logged yet is logged at once, for up to four texts; digits
/// make no difference between texts, as they count seconds and ports. Failures that come and go
/// belong to one spell until nothing failed for as long as the present pause, so something that
/// flaps fills no log either. Time is tokio's, which tests can pause.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use std::time::Duration;
///
/// use kit_sync::Repeated;
///
/// let mut repeated = Repeated::new();
/// assert_eq!(repeated.failed("refused").unwrap().to_string(), "");
/// assert!(repeated.failed("refused").is_none());
/// tokio::time::advance(Duration::from_secs(10)).await;
/// let due = repeated.failed("refused").unwrap();
/// assert_eq!(due.to_string(), " (3 times in 10s)");
/// assert_eq!(repeated.ended().unwrap().times, 3);
/// # }
/// ```
#[derive(Debug)]
pub struct Repeated {
    spell: Option<Spell>,
}

/// A failure, or an end, that is to be logged.
///
/// It is displayed as the end of a line: nothing for one failure, and
/// ` (3 times in 10s)` for three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repetition {
    /// How often it has failed since `since`.
    pub times: u64,
    /// When it failed for the first time.
    pub since: Instant,
    /// How long after that this was made. A line that is displayed again later says the same.
    pub lasted: Duration,
}

/// Failures with no long quiet between them.
#[derive(Debug)]
struct Spell {
    since: Instant,
    times: u64,
    /// The texts that were logged, without their digits.
    texts: Vec<String>,
    logged_at: Instant,
    pause: Duration,
    /// Whether a failure was logged whose end was not.
    is_open: bool,
    /// Since when it works again.
    works: Option<Instant>,
}

impl Repeated {
    /// Nothing has failed yet.
    #[must_use]
    pub const fn new() -> Repeated {
        Repeated { spell: None }
    }

    /// Counts one failure; `Some` when it is to be logged.
    pub fn failed(&mut self, text: &str) -> Option<Repetition> {
        let now = Instant::now();
        let text: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let spell = match &mut self.spell {
            Some(spell) if !spell.is_long_over(now) => spell,
            past => past.insert(Spell::new(now)),
        };
        spell.works = None;
        spell.times += 1;
        let is_new = !spell.texts.contains(&text) && spell.texts.len() < TEXTS;
        if is_new {
            spell.texts.push(text);
        }
        let is_first = spell.times == 1;
        let is_due = now.duration_since(spell.logged_at) >= spell.pause;
        if !(is_first || is_new || is_due) {
            return None;
        }
        if is_due {
            spell.pause = (spell.pause * 2).min(LONGEST);
        }
        spell.logged_at = now;
        spell.is_open = true;
        Some(spell.repetition())
    }

    /// It works; `Some` when failures were logged, and so the end is to be.
    pub fn ended(&mut self) -> Option<Repetition> {
        let spell = self.spell.as_mut()?;
        spell.works.get_or_insert_with(Instant::now);
        std::mem::take(&mut spell.is_open).then(|| spell.repetition())
    }
}

impl Default for Repeated {
    fn default() -> Repeated {
        Repeated::new()
    }
}

impl Spell {
    fn new(now: Instant) -> Spell {
        Spell {
            since: now,
            times: 0,
            texts: Vec::new(),
            logged_at: now,
            pause: FIRST,
            is_open: false,
            works: None,
        }
    }

    fn is_long_over(&self, now: Instant) -> bool {
        let pause = self.pause;
        self.works
            .is_some_and(|works| now.duration_since(works) >= pause)
    }

    fn repetition(&self) -> Repetition {
        Repetition {
            times: self.times,
            since: self.since,
            lasted: self.since.elapsed(),
        }
    }
}

impl fmt::Display for Repetition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.times {
            0 | 1 => Ok(()),
            times => {
                let took = self.lasted.as_millis() / 100;
                let (seconds, tenths) = (took / 10, took % 10);
                match tenths {
                    0 => write!(f, " ({times} times in {seconds}s)"),
                    _ => write!(f, " ({times} times in {seconds}.{tenths}s)"),
                }
            }
        }
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// At which seconds one failure every half second is logged.
    async fn logged_of(repeated: &mut Repeated, failures: u32) -> Vec<u64> {
        let began = Instant::now();
        let mut logged = Vec::new();
        for _ in 0..failures {
            if repeated.failed("refused").is_some() {
                logged.push(began.elapsed().as_secs());
            }
            advance(Duration::from_millis(500)).await;
        }
        logged
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_between_two_lines_grows_up_to_five_minutes() {
        let mut repeated = Repeated::new();
        let logged = logged_of(&mut repeated, 2_500).await;
        assert_eq!(logged, [0, 10, 30, 70, 150, 310, 610, 910, 1_210]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_logged_once_with_the_count() {
        let mut repeated = Repeated::new();
        assert_eq!(repeated.ended(), None);
        logged_of(&mut repeated, 5).await;
        let ended = repeated.ended().unwrap();
        assert_eq!(ended.to_string(), " (5 times in 2.5s)");
        assert_eq!(repeated.ended(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_displayed_later_says_what_it_said_at_first() {
        let mut repeated = Repeated::new();
        logged_of(&mut repeated, 20).await;
        let due = repeated.failed("refused").unwrap();
        assert_eq!(due.to_string(), " (21 times in 10s)");
        advance(Duration::from_secs(60)).await;
        assert_eq!(due.to_string(), " (21 times in 10s)");
    }

    #[tokio::test(start_paused = true)]
    async fn another_text_is_logged_at_once_but_not_every_one() {
        let mut repeated = Repeated::new();
        assert!(repeated.failed("no answer for 1.0s").is_some());
        assert!(repeated.failed("no answer for 23.5s").is_none());
        assert!(repeated.failed("refused").is_some());
        assert!(repeated.failed("no answer for 2.0s").is_none());
        let more = ["a", "b", "c", "d"].map(|text| repeated.failed(text).is_some());
        assert_eq!(more, [true, true, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_that_flap_are_one_spell_and_one_after_a_quiet_time_is_a_new_one() {
        let mut repeated = Repeated::new();
        assert!(repeated.failed("refused").is_some());
        assert!(repeated.ended().is_some());
        for _ in 0..9 {
            advance(Duration::from_secs(1)).await;
            assert_eq!(repeated.failed("refused"), None);
            assert_eq!(repeated.ended(), None, "the failure before was not logged");
        }
        advance(Duration::from_secs(1)).await;
        assert_eq!(repeated.failed("refused").unwrap().times, 11);
        assert_eq!(repeated.ended().unwrap().times, 11);

        // The pause is 20 s by now.
        advance(Duration::from_secs(20)).await;
        assert_eq!(repeated.failed("refused").unwrap().times, 1);
    }
}
