//! SIGTERM at random instants of the start and of the stop, with the instance in a real etcd: each process ends with
//! 0, and leaves nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::support::{Etcd, EtcdClient, Exit, FREE_PORTS, Process, Signal, key};

const INSTANTS: u64 = 200;

/// How many processes live at the same time.
const LANES: u64 = 4;

/// Another seed gives other instants; it is printed.
const SEED: u64 = 19;

/// Not more: a container's default limit would be worth a warning.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

#[tokio::test]
async fn of_a_start_and_a_stop() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let url = etcd.url("");
    let lane = |first: u64| lane(first, &url, &client);
    let lanes = tokio::join!(lane(0), lane(1), lane(2), lane(3));
    let seen = lanes.0.and(lanes.1).and(lanes.2).and(lanes.3);
    println!("seed {SEED}: {seen:?}");
    // The instants were spread over the whole course: a start was called off, others came to its end, and a stop
    // heard the second signal.
    assert!(seen.called_off > 20, "{seen:?}");
    assert!(seen.ready > 60, "{seen:?}");
    assert!(seen.in_the_stop > 30, "{seen:?}");
    // A start that is called off between the request for a lease and its answer leaves that lease, without a key,
    // until it runs out; every other one was revoked.
    let left = client.leases().await;
    println!("{left} leases are left");
    assert!(left <= seen.unregistered, "{left} leases: {seen:?}");
}

/// How the processes were hit.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    called_off: usize,
    /// Of those, the ones that etcd had been asked to show, and had not confirmed.
    unregistered: usize,
    ready: usize,
    /// Second signals that came before the process had ended.
    in_the_stop: usize,
}

impl Seen {
    fn and(self, other: Seen) -> Seen {
        Seen {
            called_off: self.called_off + other.called_off,
            unregistered: self.unregistered + other.unregistered,
            ready: self.ready + other.ready,
            in_the_stop: self.in_the_stop + other.in_the_stop,
        }
    }
}

/// How long an undisturbed start lasts from the line that the signal handlers stand, and the stop after it.
#[derive(Clone, Copy, Debug)]
struct Course {
    start: Duration,
    stop: Duration,
}

/// The processes of one lane, one after the other. Each lane measures the course beside the others, since a start
/// takes longer beside three more.
async fn lane(first: u64, url: &str, client: &EtcdClient) -> Seen {
    let mut course = measure(&format!("course-{first}"), url).await;
    // The first one finds no page of the program in memory.
    for again in 1..4 {
        let next = measure(&format!("course-{first}-{again}"), url).await;
        course.start = course.start.min(next.start);
        course.stop = course.stop.min(next.stop);
    }
    let mut seen = Seen::default();
    let mut number = first;
    while number < INSTANTS {
        let plan = Plan::draw(number, course);
        let hit = interrupt(&plan, url).await;
        let shown = client.get(&key(&plan.id)).await;
        assert!(shown.is_none(), "{plan:?} of {course:?} leaves its key");
        seen = seen.and(hit);
        number += LANES;
    }
    seen
}

async fn measure(id: &str, url: &str) -> Course {
    let mut process = spawn(id, url, Duration::ZERO);
    process.line("signal handlers stand").await;
    let stand = Instant::now();
    process.line(" ready: ").await;
    let start = stand.elapsed();
    let asked = process.signal(Signal::TERM);
    let stop = process.exit().await.expect(0).at - asked;
    Course { start, stop }
}

/// When one process is signalled.
#[derive(Debug)]
struct Plan {
    id: String,
    drain_delay: Duration,
    is_ready_first: bool,
    /// From the line that the handlers stand, or from the one that it is ready.
    first: Duration,
    /// From the first signal.
    second: Option<Duration>,
}

impl Plan {
    /// A third has one signal in the start, a third has another one after it, and a third has both after the start.
    fn draw(number: u64, course: Course) -> Plan {
        let mut random = Random(SEED << 32 | number);
        let drain_delay = Duration::from_millis(random.next() % 51);
        let stop = course.stop + drain_delay;
        let is_ready_first = number % 3 == 2;
        let first = random.part_of(match is_ready_first {
            true => Duration::from_millis(10),
            // A bit more than the start, so that its last step is hit as well.
            false => course.start * 11 / 10,
        });
        Plan {
            id: format!("instant-{number}"),
            drain_delay,
            is_ready_first,
            first,
            second: (!number.is_multiple_of(3)).then(|| random.part_of(stop)),
        }
    }
}

fn spawn(id: &str, url: &str, drain_delay: Duration) -> Process {
    let (limit, delay) = (
        format!("{STOP_TIMEOUT:?}"),
        format!("{}ms", drain_delay.as_millis()),
    );
    let registered = ["--registry", url, "--id", id, "--admin", "127.0.0.1:0"];
    let limits = ["--drain-delay", &delay, "--stop-timeout", &limit];
    let args = [&FREE_PORTS[..], &registered, &limits].concat();
    // A SIGTERM that is repeated is worth a line for debugging.
    Process::spawn_with(&args, &[("RUST_LOG", "info,kit_app::log=debug")])
}

/// Runs one process, and checks how it ends.
async fn interrupt(plan: &Plan, url: &str) -> Seen {
    let mut process = spawn(&plan.id, url, plan.drain_delay);
    let begins = match plan.is_ready_first {
        true => " ready: ",
        false => "signal handlers stand",
    };
    process.line(begins).await;
    // Waits for no event: that the instant is any is the test.
    sleep(plan.first).await;
    let asked = process.signal(Signal::TERM);
    if let Some(second) = plan.second {
        sleep(second).await;
        process.signal(Signal::TERM);
    }
    let exit = process.exit().await;
    check(plan, &exit, asked);
    let has = |text: &str| exit.log.iter().any(|line| line.contains(text));
    let is_ready = has(" ready: ");
    Seen {
        called_off: usize::from(!is_ready),
        unregistered: usize::from(has(" registering ") && !has(" registered ")),
        ready: usize::from(is_ready),
        in_the_stop: usize::from(has("stopping already")),
    }
}

#[track_caller]
fn check(plan: &Plan, exit: &Exit, asked: Instant) {
    let log = exit.text();
    assert_eq!(exit.code, Some(0), "{plan:?}: {log}");
    assert!(exit.at - asked < STOP_TIMEOUT, "{plan:?}: {log}");
    assert_eq!(exit.out, "", "{plan:?}");
    // A start says these two of this machine and of these addresses.
    let usual = ["a stop takes at most", "other machines cannot reach"];
    let mut lines = exit.log.iter();
    let wrong = lines.find(|line| {
        let is_wrong = ["panic", "ERROR", "WARN"]
            .iter()
            .any(|word| line.contains(word));
        is_wrong && !usual.iter().any(|text| line.contains(text))
    });
    assert_eq!(wrong, None, "{plan:?}: {log}");
    let cause = exit.only("stopping cause");
    assert!(cause.contains("SIGTERM"), "{plan:?}: {log}");
    let last = exit.log.last().map_or("", String::as_str);
    let is_truth = last.contains(" stopped ") && last.contains("exit_code=0");
    assert!(is_truth, "{plan:?}: {log}");
}

/// The same numbers at each run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn part_of(&mut self, whole: Duration) -> Duration {
        let micros = u64::try_from(whole.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.next() % micros.max(1))
    }
}
