//! The process, as Linux shows it in `/proc/self`.

use std::fs;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::catalogue::{
    PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT, PROCESS_START,
    PROCESS_THREADS, PROCESS_VIRTUAL,
};
use super::sample::Samples;

/// Reads a few small files of the kernel, which wait for no disk. What cannot be read has no value.
pub(super) fn collect(samples: &mut Samples) {
    samples.add(&PROCESS_CPU, [], cpu_seconds());
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let in_kib = |field| number_of(&status, field).map(|kib| kib.saturating_mul(1024));
        for (metric, value) in [
            (&PROCESS_RESIDENT, in_kib("VmRSS:")),
            (&PROCESS_VIRTUAL, in_kib("VmSize:")),
            (&PROCESS_THREADS, number_of(&status, "Threads:")),
        ] {
            if let Some(value) = value {
                samples.add_count(metric, [], value);
            }
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is that of this listing.
        samples.add_size(&PROCESS_OPEN_FDS, [], open.count().saturating_sub(1));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        samples.add_count(&PROCESS_MAX_FDS, [], most);
    }
    if let Some(start) = start_seconds() {
        samples.add(&PROCESS_START, [], start);
    }
}

/// Those of all threads, in user and in system mode.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of a process are far below 2^53"
)]
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// The number behind the name of a field.
fn number_of(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Since 1970: the boot of the machine, and the ticks from there to the start of the process.
#[expect(
    clippy::cast_precision_loss,
    reason = "seconds since 1970 are far below 2^53"
)]
fn start_seconds() -> Option<f64> {
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot = number_of(&boot, "btime ")?;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = started_at(&stat)?;
    Some(boot as f64 + ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The 22nd field. The second one is the name of the program in parentheses, which may hold spaces and
/// parentheses.
fn started_at(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_may_hold_what_separates_fields() {
        let fields = (3..=52)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ");
        let stat = format!("17 (a (b) 1 2) {fields}");
        assert_eq!(started_at(&stat), Some(22));
        assert_eq!(started_at("17 (a"), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "VmRSSX:\t1 kB\nVmRSS:\t  12 kB\nThreads:\t3\n";
        assert_eq!(number_of(status, "VmRSS:"), Some(12));
        assert_eq!(number_of(status, "Threads:"), Some(3));
        assert_eq!(number_of(status, "VmSize:"), None);
    }
}
