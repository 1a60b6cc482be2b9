//! A core for each thread.

/// Moves this thread to one of the cores that it may use, and keeps it there.
///
/// A thread runs without its own core, too, so a refusal is not worth a word.
#[cfg(target_os = "linux")]
pub(crate) fn take(choose: fn(&[usize]) -> Option<&usize>) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|&core| allowed.is_set(core))
        .collect();
    if let Some(&core) = choose(&cores) {
        let mut only = CpuSet::new();
        only.set(core);
        let _ = sched_setaffinity(None, &only);
    }
}

/// Elsewhere the system has the choice.
#[cfg(not(target_os = "linux"))]
pub(crate) fn take(_choose: fn(&[usize]) -> Option<&usize>) {}
