//! Callgrind: how it is started, and what stands in its output.

use std::collections::HashMap;
use std::path::Path;

/// What gives memory, in glibc and in mimalloc.
const GIVE_MEMORY: [&str; 15] = [
    "aligned_alloc",
    "calloc",
    "malloc",
    "memalign",
    "posix_memalign",
    "realloc",
    "reallocarray",
    "mi_calloc",
    "mi_malloc",
    "mi_malloc_aligned",
    "mi_realloc",
    "mi_realloc_aligned",
    "mi_rezalloc_aligned",
    "mi_zalloc",
    "mi_zalloc_aligned",
];

pub(super) fn command(out: &Path) -> Vec<String> {
    vec![
        "valgrind".to_owned(),
        "--quiet".to_owned(),
        "--tool=callgrind".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ]
}

/// Of `totals: 123456`.
pub(super) fn instructions(text: &str) -> Option<u64> {
    text.lines()
        .filter_map(|line| line.strip_prefix("totals: "))
        .filter_map(|total| total.trim().parse().ok())
        .reduce(|sum: u64, part| sum + part)
}

/// The calls of what gives memory, from outside of the allocator.
///
/// Callgrind records calls by caller and callee. `fn=(3) main` is the caller of all that follows,
/// `cfn=(7) malloc` the callee of the next line, and `calls=5 0` says how many there were. A name
/// stands beside its number the first time only, in either kind of line. A call inside the
/// allocator, such as `calloc` to `malloc`, is part of the call that caused it.
pub(super) fn allocations(text: &str) -> u64 {
    let mut names = HashMap::new();
    let mut is_from_outside = true;
    let mut is_allocation = false;
    let mut total = 0;
    for line in text.lines() {
        if let Some(caller) = line.strip_prefix("fn=") {
            is_from_outside = !is_of_allocator(name(caller, &mut names));
        } else if let Some(callee) = line.strip_prefix("cfn=") {
            is_allocation = GIVE_MEMORY.contains(&name(callee, &mut names));
        } else if let Some(calls) = line.strip_prefix("calls=")
            && is_allocation
            && is_from_outside
        {
            let count = calls.split(' ').next().unwrap_or_default();
            total += count.parse().unwrap_or(0);
        }
    }
    total
}

/// The name in `(3) main`, or the one that `(3)` had before.
fn name<'a>(text: &'a str, names: &mut HashMap<&'a str, &'a str>) -> &'a str {
    match text.split_once(' ') {
        Some((number, name)) => {
            // In a recursion callgrind may add the depth: `malloc'2`.
            let name = name.split('\'').next().unwrap_or(name);
            names.insert(number, name);
            name
        }
        None => names.get(text).copied().unwrap_or(text),
    }
}

fn is_of_allocator(name: &str) -> bool {
    GIVE_MEMORY.contains(&name) || name.starts_with("mi_") || name.starts_with("_mi_")
}

#[cfg(test)]
mod tests {
    use super::{allocations, instructions};

    #[test]
    fn the_total_is_read() {
        let text = "events: Ir\nfn=(0)\n16 3\ntotals: 1234567\n";
        assert_eq!(instructions(text), Some(1_234_567));
        assert_eq!(instructions("events: Ir\n"), None);
    }

    #[test]
    fn calls_of_the_allocator_are_counted_by_name_and_by_number() {
        let text = "fn=(1) main\n16 3\ncob=(2) libc.so\ncfi=(2) malloc.c\ncfn=(7) malloc\ncalls=5 0\n\
            16 400\n+2 1\ncfn=(8) free\ncalls=4 0\n16 80\n\nfn=(9) other\ncfn=(7)\ncalls=2 0\n16 90\n\
            cfn=(10) realloc\ncalls=1 0\n16 9\n";
        assert_eq!(allocations(text), 8);
    }

    #[test]
    fn a_call_inside_the_allocator_is_part_of_the_one_from_outside() {
        let text = "fn=(1) calloc\ncfn=(7) malloc\ncalls=5 0\n16 400\n\
            fn=(2) mi_zalloc_aligned\ncfn=(3) mi_malloc_aligned\ncalls=3 0\n16 400\n\
            fn=(4) main\ncfn=(1)\ncalls=6 0\n16 900\ncfn=(2)\ncalls=3 0\n16 900\n";
        assert_eq!(allocations(text), 9);
    }
}
