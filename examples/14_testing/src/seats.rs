//! The seats, and for how long one is held.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use kit::ApiError;
use kit::sync::lock;
use tokio::time::Instant;

/// How long a buyer has to pay.
const HELD: Duration = Duration::from_secs(15 * 60);

/// The seats that are taken: since when each is held, or `None` for one that is sold.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<BTreeMap<String, Option<Instant>>>);

impl Seats {
    /// Holds a seat for a buyer, unless it is taken.
    pub(crate) fn hold(&self, seat: &str) -> Result<(), ApiError> {
        let mut taken = lock(&self.0);
        let is_free = match taken.get(seat) {
            None => true,
            Some(None) => false,
            Some(Some(since)) => since.elapsed() >= HELD,
        };
        if !is_free {
            return Err(ApiError::conflict("SEAT_TAKEN", format!("{seat} is taken")));
        }
        taken.insert(seat.to_owned(), Some(Instant::now()));
        Ok(())
    }

    /// Marks a seat as sold.
    pub(crate) fn sell(&self, seat: &str) {
        lock(&self.0).insert(seat.to_owned(), None);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    // tokio's clock stands still, and moves when the test says so: fifteen minutes take no time.
    #[tokio::test(start_paused = true)]
    async fn a_seat_that_is_not_paid_for_is_free_again_after_15_minutes() {
        let seats = Seats::default();
        seats.hold("7A").unwrap();
        advance(HELD - Duration::from_millis(1)).await;
        assert!(seats.hold("7A").unwrap_err().has_reason(409, "SEAT_TAKEN"));
        advance(Duration::from_millis(1)).await;
        seats.hold("7A").unwrap();
        seats.sell("7A");
        advance(HELD).await;
        assert!(seats.hold("7A").is_err(), "a sold one is not free again");
    }
}
