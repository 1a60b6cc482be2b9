//! A value that is read often: instructions of one read, counted from outside.

use std::hint::black_box;
use std::time::Instant;

use arc_swap::ArcSwap;
use kit_sync::Published;

pub(crate) fn arc_swap(count: u64) -> f64 {
    let value = ArcSwap::from_pointee(1_u64);
    nanos(count, || drop(black_box(value.load_full())))
}

pub(crate) fn published(count: u64) -> f64 {
    let value = Published::new(1_u64);
    nanos(count, || drop(black_box(value.load())))
}

pub(crate) fn arc_swap_guard(count: u64) -> f64 {
    let value = ArcSwap::from_pointee(1_u64);
    nanos(count, || drop(black_box(value.load())))
}

pub(crate) fn published_guard(count: u64) -> f64 {
    let value = Published::new(1_u64);
    nanos(count, || drop(black_box(value.read())))
}

fn nanos(count: u64, read: impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        read();
    }
    start.elapsed().as_nanos() as f64 / count as f64
}
