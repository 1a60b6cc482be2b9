//! When files that change have come to rest.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Longer than any wait, and short enough to be added to any time.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Waits until `changed` has not resolved for `quiet`, at most `longest` from now.
///
/// # Cancel safety
/// Nothing is lost if `changed` keeps what comes while it is not awaited.
pub(super) async fn settle<Fut: Future<Output = ()>>(
    quiet: Duration,
    longest: Duration,
    changed: impl Fn() -> Fut,
) {
    let (quiet, longest) = (quiet.min(FAR), longest.min(FAR));
    let begun = Instant::now();
    let mut last = begun;
    loop {
        let until = (last + quiet).min(begun + longest);
        tokio::select! {
            biased;
            () = sleep_until(until) => return,
            () = changed() => last = Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::{advance, sleep};

    use super::*;

    const QUIET: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(2);

    /// Until files that change `times` times, every `period`, have come to rest.
    async fn settled_after(times: u32, period: Duration) -> Duration {
        settled_within(LONGEST, times, period).await
    }

    async fn settled_within(longest: Duration, times: u32, period: Duration) -> Duration {
        let (begun, left) = (Instant::now(), Cell::new(times));
        settle(QUIET, longest, || async {
            if left.get() == 0 {
                std::future::pending::<()>().await;
            }
            sleep(period).await;
            left.set(left.get() - 1);
        })
        .await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_begins_the_quiet_anew_up_to_the_limit() {
        advance(Duration::from_secs(1)).await;
        let period = Duration::from_millis(100);
        assert_eq!(settled_after(0, period).await, QUIET);
        assert_eq!(settled_after(5, period).await, 5 * period + QUIET);
        assert_eq!(settled_after(1_000, period).await, LONGEST);
        assert_eq!(settled_after(5, QUIET * 2).await, QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_meant_to_be_none_is_one_that_is_not_reached() {
        let period = Duration::from_millis(100);
        let settled = settled_within(Duration::MAX, 1_000, period).await;
        assert_eq!(settled, 1_000 * period + QUIET);
    }
}
