use tokio::time::advance;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HALF: Duration = Duration::from_millis(500);
const LAST_LOOK: Duration = Duration::from_millis(20);

/// A connection's task without a connection.
struct Task {
    deadlines: Deadlines,
    limits: ConnectionOptions,
    seen: Seen,
    opened: Instant,
}

impl Task {
    fn at(stage: Stage) -> Task {
        let opened = Instant::now();
        let seen = Seen {
            opened,
            stage,
            head: false,
            busy: false,
            due: None,
            written: 0,
            sent: 0,
            unread: 0,
            unsent: false,
            blocked: false,
            jitter: 0.5,
            fired: false,
        };
        Task {
            deadlines: Deadlines::default(),
            limits: ConnectionOptions {
                unread: 60 * SECOND,
                ..ConnectionOptions::default()
            },
            seen,
            opened,
        }
    }

    /// A poll because of something else than the timer.
    fn poll(&mut self) -> Next {
        let next = self.deadlines.next(&self.seen, &self.limits);
        self.deadlines.take_now();
        next
    }

    /// A poll by the timer, at the time that the last poll said.
    async fn fire(&mut self) -> Next {
        if let Next::Wait(until) = self.poll() {
            advance(until - Instant::now()).await;
        }
        self.seen.fired = true;
        let next = self.poll();
        self.seen.fired = false;
        next
    }

    /// Polls by the timer alone, until it is not to wait any more.
    async fn end(&mut self) -> Next {
        loop {
            match self.fire().await {
                Next::Wait(_) => {}
                next => return next,
            }
        }
    }

    fn request(&mut self) {
        self.deadlines.start();
        self.deadlines.take_now();
        self.seen.busy = true;
        self.seen.head = false;
    }

    fn age(&self) -> Duration {
        self.opened.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_byte_has_ten_seconds_from_the_connection() {
    let mut task = Task::at(Stage::Silent);
    advance(SECOND).await;
    assert_eq!(task.fire().await, Next::Kill(TooLong::FirstByte));
    assert_eq!(task.age(), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_head_has_ten_seconds_from_its_own_first_byte_however_it_drips() {
    let mut task = Task::at(Stage::Http1);
    task.seen.head = true;
    task.poll();
    for _ in 0..9 {
        advance(SECOND).await;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    assert_eq!(task.fire().await, Next::Kill(TooLong::Head));
    assert_eq!(task.age(), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_second_head_has_its_own_ten_seconds() {
    let mut task = Task::at(Stage::Http1);
    task.seen.head = true;
    task.poll();
    advance(5 * SECOND).await;
    task.request();
    task.poll();
    task.seen.busy = false;
    task.poll();
    advance(20 * SECOND).await;
    task.seen.head = true;
    assert_eq!(task.fire().await, Next::Kill(TooLong::Head));
    assert_eq!(task.age(), 35 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_greeting_has_the_time_of_a_head() {
    let mut task = Task::at(Stage::Greeting);
    task.seen.head = true;
    assert_eq!(task.fire().await, Next::Kill(TooLong::Head));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_then_killed() {
    let mut task = Task::at(Stage::Http2);
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), 60 * SECOND);
    assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
    assert_eq!(task.age(), 60 * SECOND + HALF);
}

#[tokio::test(start_paused = true)]
async fn a_busy_connection_waits_and_is_idle_from_its_end_on() {
    let mut task = Task::at(Stage::Http1);
    task.request();
    for _ in 0..5 {
        assert!(matches!(task.fire().await, Next::Wait(_)));
    }
    assert_eq!(task.age(), 300 * SECOND);
    task.seen.busy = false;
    task.poll();
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), 360 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_busy_connection_looks_for_requests_that_take_too_long() {
    let mut task = Task::at(Stage::Http1);
    task.request();
    let due = task.opened + 5 * SECOND;
    task.seen.due = Some(due);
    assert_eq!(task.poll(), Next::Wait(due));
    task.seen.due = Some(task.opened + 500 * SECOND);
    assert_eq!(task.poll(), Next::Wait(task.opened + 60 * SECOND));
    task.seen.due = Some(due);
    task.seen.busy = false;
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), 60 * SECOND, "what is due has gone");
}

#[tokio::test(start_paused = true)]
async fn a_told_connection_of_http2_closes_and_has_half_a_second_without_a_request() {
    let mut task = Task::at(Stage::Http2);
    task.request();
    task.deadlines.tell(LAST_LOOK);
    assert_eq!(task.poll(), Next::Close);
    advance(5 * SECOND).await;
    assert!(matches!(task.fire().await, Next::Wait(_)));
    task.seen.busy = false;
    let end = Instant::now();
    assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
    assert_eq!(end.elapsed(), HALF);
}

#[tokio::test(start_paused = true)]
async fn a_told_connection_that_seems_idle_has_time_for_one_read() {
    for stage in [Stage::Silent, Stage::Http1] {
        let mut task = Task::at(stage);
        task.deadlines.tell(LAST_LOOK);
        assert_eq!(task.fire().await, Next::Close);
        assert_eq!(task.age(), LAST_LOOK);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_request_that_did_not_say_it_was_the_last_there_is_a_last_look() {
    let mut task = Task::at(Stage::Silent);
    task.deadlines.tell(LAST_LOOK);
    assert!(matches!(task.poll(), Next::Wait(_)));
    task.seen.stage = Stage::Http1;
    task.request();
    advance(5 * SECOND).await;
    assert!(matches!(task.fire().await, Next::Wait(_)));
    task.seen.busy = false;
    let end = Instant::now();
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(end.elapsed(), LAST_LOOK);
    assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
    assert_eq!(end.elapsed(), LAST_LOOK + HALF);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_half_read_when_told_has_half_a_second_more() {
    for stage in [Stage::Greeting, Stage::Http1] {
        let mut task = Task::at(stage);
        task.seen.head = true;
        task.deadlines.tell(LAST_LOOK);
        assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
        assert_eq!(task.age(), LAST_LOOK + HALF);
    }
}

#[tokio::test(start_paused = true)]
async fn http2_has_a_request_in_flight_until_its_end_was_sent_or_nothing_was_for_a_minute() {
    let mut task = Task::at(Stage::Http2);
    task.request();
    task.deadlines.tell(LAST_LOOK);
    assert_eq!(task.poll(), Next::Close);
    task.seen.unsent = true;
    for _ in 0..5 {
        task.poll();
        advance(50 * SECOND).await;
        task.seen.sent += 1;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    // What is written besides is no sign that it is read.
    let last = Instant::now();
    let mut next = task.poll();
    while let Next::Wait(_) = next {
        task.seen.written += 17;
        next = task.fire().await;
    }
    assert_eq!(next, Next::Kill(TooLong::Unread));
    assert_eq!(last.elapsed(), 60 * SECOND);
}

/// One that was told while its last response was on its way, of which now so much is unread.
fn closing(unread: u64) -> Task {
    let mut task = Task::at(Stage::Http2);
    task.request();
    task.deadlines.tell(LAST_LOOK);
    assert_eq!(task.poll(), Next::Close);
    task.seen.busy = false;
    task.seen.sent = unread;
    task.seen.unread = unread;
    assert!(matches!(task.poll(), Next::Wait(_)));
    task
}

#[tokio::test(start_paused = true)]
async fn a_closing_client_that_reads_is_waited_for_half_a_minute_at_most() {
    let mut task = closing(300 << 10);
    for _ in 0..10 {
        advance(HALF / 2).await;
        task.seen.unread -= 20 << 10;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    let last = Instant::now();
    assert_eq!(task.end().await, Next::Kill(TooLong::Closing));
    assert_eq!(last.elapsed(), HALF);

    let mut endless = closing(1 << 30);
    let begun = Instant::now();
    endless.seen.fired = true;
    let mut next = endless.poll();
    while let Next::Wait(_) = next {
        advance(HALF / 2).await;
        endless.seen.unread -= 1 << 20;
        next = endless.poll();
    }
    assert_eq!(next, Next::Kill(TooLong::Closing));
    assert_eq!(begun.elapsed(), 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_closing_client_has_the_time_in_which_a_slow_one_reads_what_it_was_sent() {
    let mut task = closing(1 << 20);
    let begun = Instant::now();
    assert_eq!(task.end().await, Next::Kill(TooLong::Closing));
    assert_eq!(begun.elapsed(), 4 * SECOND);

    let mut long_ago = Task::at(Stage::Http2);
    long_ago.seen.sent = 1 << 20;
    long_ago.seen.unread = 1 << 20;
    long_ago.request();
    long_ago.poll();
    long_ago.seen.busy = false;
    advance(10 * SECOND).await;
    long_ago.deadlines.tell(LAST_LOOK);
    assert_eq!(long_ago.poll(), Next::Close);
    assert_eq!(long_ago.end().await, Next::Kill(TooLong::Closing));
    assert_eq!(long_ago.age(), 10 * SECOND + HALF);
}

#[tokio::test(start_paused = true)]
async fn who_makes_room_bit_by_bit_is_not_reading() {
    let mut task = closing(5 << 10);
    let begun = Instant::now();
    task.seen.fired = true;
    let mut next = task.poll();
    while let Next::Wait(_) = next {
        advance(HALF / 5).await;
        task.seen.unread -= 1;
        next = task.poll();
    }
    assert_eq!(begun.elapsed(), HALF);
}

#[tokio::test(start_paused = true)]
async fn who_is_ready_only_after_it_was_told_may_ask_until_a_common_end() {
    let mut task = Task::at(Stage::Silent);
    task.deadlines.tell(LAST_LOOK);
    advance(HALF / 2).await;
    task.seen.opened = Instant::now();
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), LAST_LOOK + HALF);
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_sending_after_the_close_has_half_a_second() {
    let mut task = Task::at(Stage::Http1);
    advance(SECOND).await;
    task.deadlines.linger();
    assert_eq!(task.fire().await, Next::Kill(TooLong::Lingering));
    assert_eq!(task.age(), SECOND + HALF);
}

const HALF_HOUR: Duration = Duration::from_secs(30 * 60);

/// Always busy; the age at which it is closed, or does not want another request.
async fn grows_old(mut task: Task) -> Duration {
    task.request();
    loop {
        let next = task.fire().await;
        assert!(task.age() <= HALF_HOUR * 2);
        if task.deadlines.is_old() {
            let by_goaway = task.seen.stage == Stage::Http2;
            assert_eq!(next == Next::Close, by_goaway, "{next:?}");
            let age = task.age();
            assert!(matches!(task.fire().await, Next::Wait(_)), "only once");
            return age;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_old_after_half_an_hour_a_tenth_more_or_less() {
    for stage in [Stage::Http1, Stage::Http2] {
        for (jitter, expected) in [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)] {
            let mut task = Task::at(stage);
            task.seen.jitter = jitter;
            let age = grows_old(task).await;
            let off = age.abs_diff(HALF_HOUR.mul_f32(expected));
            assert!(off < HALF, "{stage:?}, {jitter}: {age:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_idle_connection_of_http1_waits_for_a_last_request() {
    let mut task = Task::at(Stage::Http1);
    task.limits.idle = HALF_HOUR * 2;
    assert!(matches!(task.fire().await, Next::Wait(_)));
    assert!(task.deadlines.is_old());
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), HALF_HOUR * 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_has_a_minute_from_its_last_read() {
    let mut task = Task::at(Stage::Http1);
    task.request();
    task.seen.blocked = true;
    task.poll();
    for _ in 0..3 {
        advance(50 * SECOND).await;
        task.seen.written += 1;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    assert_eq!(task.end().await, Next::Kill(TooLong::Unread));
    assert_eq!(task.age(), 210 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_reads_again_has_a_new_minute() {
    let mut task = Task::at(Stage::Http1);
    task.request();
    task.seen.blocked = true;
    task.poll();
    advance(50 * SECOND).await;
    task.seen.blocked = false;
    task.seen.written += 1;
    task.poll();
    advance(50 * SECOND).await;
    task.seen.blocked = true;
    assert_eq!(task.end().await, Next::Kill(TooLong::Unread));
    assert_eq!(task.age(), 160 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_an_end_is_no_overflow_and_never_comes() {
    let mut task = Task::at(Stage::Http1);
    task.limits.idle = Duration::MAX;
    task.limits.max_age = Some(Duration::MAX);
    task.limits.unread = Duration::MAX;
    task.seen.blocked = true;
    let Next::Wait(until) = task.poll() else {
        panic!("nothing is over");
    };
    let year = 365 * 24 * 3600 * SECOND;
    assert!(until - Instant::now() > 10 * year);
}
