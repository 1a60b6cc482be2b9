//! A core for each thread.

/// Moves this thread to one of the cores that it may use, and keeps it there.
///
/// A thread also runs without its own core, so a refusal is ignored.
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

/// On other systems the scheduler chooses the core.
#[cfg(not(target_os = "linux"))]
pub(crate) fn take(_choose: fn(&[usize]) -> Option<&usize>) {}
