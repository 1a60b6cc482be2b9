use tokio::time::advance;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HALF: Duration = Duration::from_millis(500);
const LAST_LOOK: Duration = Duration::from_millis(20);

/// A connection's task without a connection.
struct Task {
    clock: Clock,
    limits: ConnectionOptions,
    wire: WireReading,
    load: Load,
    notice: Option<DrainNotice>,
    /// When an exchange began since the last poll.
    began: Option<Instant>,
    fired: bool,
    opened: Instant,
}

impl Task {
    fn at(preface: Preface) -> Task {
        Task::with_jitter(preface, 0.5)
    }

    fn with_jitter(preface: Preface, jitter: f32) -> Task {
        let opened = Instant::now();
        let wire = WireReading {
            preface,
            written: 0,
            sent: 0,
            unread: 0,
            blocked: false,
            lingering: false,
        };
        Task {
            clock: Clock::new(opened, jitter),
            limits: ConnectionOptions {
                idle: 60 * SECOND,
                unread: 60 * SECOND,
                ..ConnectionOptions::default()
            },
            wire,
            load: Load::default(),
            notice: None,
            began: None,
            fired: false,
            opened,
        }
    }

    /// A poll because of something else than the timer.
    fn poll(&mut self) -> Next {
        let sight = Sight {
            wire: &self.wire,
            load: &self.load,
            notice: self.notice.as_ref(),
            limits: &self.limits,
            fired: self.fired,
        };
        self.clock
            .next(&sight, &mut PollTime::new(self.began.take()))
    }

    /// A poll by the timer, at the time that the last poll gave.
    async fn fire(&mut self) -> Next {
        if let Next::Wait(until) = self.poll() {
            advance(until - Instant::now()).await;
        }
        self.fired = true;
        let next = self.poll();
        self.fired = false;
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
        self.began = Some(Instant::now());
        self.load.begun += 1;
        self.load.busy = true;
        self.load.has_head = false;
    }

    /// The drain begins.
    fn drain(&mut self) {
        self.notice = Some(DrainNotice::now(LAST_LOOK));
    }

    fn age(&self) -> Duration {
        self.opened.elapsed()
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_byte_has_ten_seconds_from_the_connection() {
    let mut task = Task::at(Preface::Silent);
    advance(SECOND).await;
    assert_eq!(task.fire().await, Next::Kill(TooLong::FirstByte));
    assert_eq!(task.age(), 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_head_has_ten_seconds_from_its_own_first_byte_however_it_drips() {
    let mut task = Task::at(Preface::Http1);
    task.load.has_head = true;
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
    let mut task = Task::at(Preface::Http1);
    task.load.has_head = true;
    task.poll();
    advance(5 * SECOND).await;
    task.request();
    task.poll();
    task.load.busy = false;
    task.poll();
    advance(20 * SECOND).await;
    task.load.has_head = true;
    assert_eq!(task.fire().await, Next::Kill(TooLong::Head));
    assert_eq!(task.age(), 35 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_greeting_has_the_time_of_a_head() {
    let mut task = Task::at(Preface::Greeting);
    task.load.has_head = true;
    assert_eq!(task.fire().await, Next::Kill(TooLong::Head));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_and_then_killed() {
    let mut task = Task::at(Preface::Http2);
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), 60 * SECOND);
    assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
    assert_eq!(task.age(), 60 * SECOND + HALF);
}

#[tokio::test(start_paused = true)]
async fn a_busy_connection_waits_and_is_idle_from_its_end_on() {
    let mut task = Task::at(Preface::Http1);
    task.request();
    for _ in 0..5 {
        assert!(matches!(task.fire().await, Next::Wait(_)));
    }
    assert_eq!(task.age(), 300 * SECOND);
    task.load.busy = false;
    task.poll();
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), 360 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_busy_connection_looks_for_requests_that_take_too_long() {
    let mut task = Task::at(Preface::Http1);
    task.request();
    let due = task.opened + 5 * SECOND;
    task.load.due = Some(due);
    assert_eq!(task.poll(), Next::Wait(due));
    task.load.due = Some(task.opened + 500 * SECOND);
    assert_eq!(task.poll(), Next::Wait(task.opened + 60 * SECOND));
    task.load.due = Some(due);
    task.load.busy = false;
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(
        task.age(),
        60 * SECOND,
        "the exchange that was due has gone"
    );
}

#[tokio::test(start_paused = true)]
async fn at_a_drain_a_connection_of_http2_closes_and_has_half_a_second_without_a_request() {
    let mut task = Task::at(Preface::Http2);
    task.request();
    task.drain();
    assert_eq!(task.poll(), Next::Close);
    advance(5 * SECOND).await;
    assert!(matches!(task.fire().await, Next::Wait(_)));
    task.load.busy = false;
    let end = Instant::now();
    assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
    assert_eq!(end.elapsed(), HALF);
}

#[tokio::test(start_paused = true)]
async fn at_a_drain_a_connection_that_seems_idle_has_time_for_one_read() {
    for preface in [Preface::Silent, Preface::Http1] {
        let mut task = Task::at(preface);
        task.drain();
        assert_eq!(task.fire().await, Next::Close);
        assert_eq!(task.age(), LAST_LOOK);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_request_that_did_not_say_it_was_the_last_there_is_a_last_look() {
    let mut task = Task::at(Preface::Silent);
    task.drain();
    assert!(matches!(task.poll(), Next::Wait(_)));
    task.wire.preface = Preface::Http1;
    task.request();
    advance(5 * SECOND).await;
    assert!(matches!(task.fire().await, Next::Wait(_)));
    task.load.busy = false;
    let end = Instant::now();
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(end.elapsed(), LAST_LOOK);
    assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
    assert_eq!(end.elapsed(), LAST_LOOK + HALF);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_half_read_when_the_drain_begins_has_half_a_second_more() {
    for preface in [Preface::Greeting, Preface::Http1] {
        let mut task = Task::at(preface);
        task.load.has_head = true;
        task.drain();
        assert_eq!(task.fire().await, Next::Kill(TooLong::Closing));
        assert_eq!(task.age(), LAST_LOOK + HALF);
    }
}

#[tokio::test(start_paused = true)]
async fn http2_has_a_request_in_flight_until_its_end_was_sent_or_nothing_was_for_a_minute() {
    let mut task = Task::at(Preface::Http2);
    task.request();
    task.drain();
    assert_eq!(task.poll(), Next::Close);
    task.load.unsent = true;
    for _ in 0..5 {
        task.poll();
        advance(50 * SECOND).await;
        task.wire.sent += 1;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    // Other bytes that are written are no sign that the body is read.
    let last = Instant::now();
    let mut next = task.poll();
    while let Next::Wait(_) = next {
        task.wire.written += 17;
        next = task.fire().await;
    }
    assert_eq!(next, Next::Kill(TooLong::Unread));
    assert_eq!(last.elapsed(), 60 * SECOND);
}

/// A connection whose drain began while its last response was on its way; `unread` bytes of it
/// are not read.
fn closing(unread: u64) -> Task {
    let mut task = Task::at(Preface::Http2);
    task.request();
    task.drain();
    assert_eq!(task.poll(), Next::Close);
    task.load.busy = false;
    task.wire.sent = unread;
    task.wire.unread = unread;
    assert!(matches!(task.poll(), Next::Wait(_)));
    task
}

#[tokio::test(start_paused = true)]
async fn a_closing_client_that_reads_is_waited_for_half_a_minute_at_most() {
    let mut task = closing(300 << 10);
    for _ in 0..10 {
        advance(HALF / 2).await;
        task.wire.unread -= 20 << 10;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    let last = Instant::now();
    assert_eq!(task.end().await, Next::Kill(TooLong::Closing));
    assert_eq!(last.elapsed(), HALF);

    let mut endless = closing(1 << 30);
    let begun = Instant::now();
    endless.fired = true;
    let mut next = endless.poll();
    while let Next::Wait(_) = next {
        advance(HALF / 2).await;
        endless.wire.unread -= 1 << 20;
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

    let mut long_ago = Task::at(Preface::Http2);
    long_ago.wire.sent = 1 << 20;
    long_ago.wire.unread = 1 << 20;
    long_ago.request();
    long_ago.poll();
    long_ago.load.busy = false;
    advance(10 * SECOND).await;
    long_ago.drain();
    assert_eq!(long_ago.poll(), Next::Close);
    assert_eq!(long_ago.end().await, Next::Kill(TooLong::Closing));
    assert_eq!(long_ago.age(), 10 * SECOND + HALF);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_makes_room_bit_by_bit_is_not_reading() {
    let mut task = closing(5 << 10);
    let begun = Instant::now();
    task.fired = true;
    let mut next = task.poll();
    while let Next::Wait(_) = next {
        advance(HALF / 5).await;
        task.wire.unread -= 1;
        next = task.poll();
    }
    assert_eq!(begun.elapsed(), HALF);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_ready_only_after_the_drain_began_may_ask_until_a_common_end() {
    let mut task = Task::at(Preface::Silent);
    task.drain();
    advance(HALF / 2).await;
    task.clock = Clock::new(Instant::now(), 0.5);
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), LAST_LOOK + HALF);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_on_sending_after_the_close_has_half_a_second() {
    let mut task = Task::at(Preface::Http1);
    advance(SECOND).await;
    task.wire.lingering = true;
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
        if task.clock.is_old() {
            let by_goaway = task.wire.preface == Preface::Http2;
            assert_eq!(next == Next::Close, by_goaway, "{next:?}");
            let age = task.age();
            assert!(matches!(task.fire().await, Next::Wait(_)), "only once");
            return age;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_old_after_half_an_hour_a_tenth_more_or_less() {
    for preface in [Preface::Http1, Preface::Http2] {
        for (jitter, expected) in [(0.0, 0.9), (0.5, 1.0), (1.0, 1.1)] {
            let task = Task::with_jitter(preface, jitter);
            let age = grows_old(task).await;
            let off = age.abs_diff(HALF_HOUR.mul_f32(expected));
            assert!(off < HALF, "{preface:?}, {jitter}: {age:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_idle_connection_of_http1_waits_for_a_last_request() {
    let mut task = Task::at(Preface::Http1);
    task.limits.idle = HALF_HOUR * 2;
    assert!(matches!(task.fire().await, Next::Wait(_)));
    assert!(task.clock.is_old());
    assert_eq!(task.fire().await, Next::Close);
    assert_eq!(task.age(), HALF_HOUR * 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_has_a_minute_from_its_last_read() {
    let mut task = Task::at(Preface::Http1);
    task.request();
    task.wire.blocked = true;
    task.poll();
    for _ in 0..3 {
        advance(50 * SECOND).await;
        task.wire.written += 1;
        assert!(matches!(task.poll(), Next::Wait(_)));
    }
    assert_eq!(task.end().await, Next::Kill(TooLong::Unread));
    assert_eq!(task.age(), 210 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_again_has_a_new_minute() {
    let mut task = Task::at(Preface::Http1);
    task.request();
    task.wire.blocked = true;
    task.poll();
    advance(50 * SECOND).await;
    task.wire.blocked = false;
    task.wire.written += 1;
    task.poll();
    advance(50 * SECOND).await;
    task.wire.blocked = true;
    assert_eq!(task.end().await, Next::Kill(TooLong::Unread));
    assert_eq!(task.age(), 160 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_an_end_is_no_overflow_and_never_comes() {
    let mut task = Task::at(Preface::Http1);
    task.limits.idle = Duration::MAX;
    task.limits.max_age = Some(Duration::MAX);
    task.limits.unread = Duration::MAX;
    task.wire.blocked = true;
    let Next::Wait(until) = task.poll() else {
        panic!("nothing is over");
    };
    let year = 365 * 24 * 3600 * SECOND;
    assert!(until - Instant::now() > 10 * year);
}
