//! The order in which one thread sees another one's writes: the store-buffer test and a torn value.
//!
//! `cargo run --release -p memory_reordering [rounds]`; the chapter "Memory reordering" of the
//! book explains the output.

mod cores;
mod in_step;
mod litmus;
#[cfg(all(test, kit_loom))]
mod models;

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread::available_parallelism;

use kit_sync::Published;

use in_step::in_step;
use litmus::{Accesses, Seen, StoreBuffer, TwoWords, Wide};

fn main() -> ExitCode {
    let given = std::env::args().nth(1);
    let given = given.as_deref().unwrap_or("1000000");
    let Ok(rounds) = given.parse() else {
        eprintln!("error: `{given}` is no number of rounds, such as 1000000");
        return ExitCode::from(2);
    };
    if available_parallelism().is_ok_and(|cores| cores.get() == 1) {
        println!("one core: the threads take turns on it, and nothing can be seen\n");
    }

    println!("x = 1; r1 = y  ||  y = 1; r2 = x    {rounds} rounds");
    heading("accesses", ["1, 1", "0, 1", "1, 0", "0, 0"], "0, 0");
    store_buffer(rounds, "relaxed", Accesses::Relaxed, "yes");
    store_buffer(rounds, "release, acquire", Accesses::ReleaseAcquire, "yes");
    let sequential = Accesses::SequentiallyConsistent;
    store_buffer(rounds, "sequentially consistent", sequential, "no");
    store_buffer(rounds, "relaxed, fence between", Accesses::Fenced, "no");

    println!("\nv = (1, 1)  ||  r = v    {rounds} rounds");
    heading("128 bits in", ["old", "new", "torn", ""], "torn");
    wide(rounds, "two relaxed words", &TwoWords::default(), "yes");
    wide(rounds, "Mutex", &Mutex::new([0; 2]), "no");
    wide(rounds, "Published", &Published::new([0; 2]), "no");
    ExitCode::SUCCESS
}

fn store_buffer(rounds: u64, name: &str, accesses: Accesses, allowed: &str) {
    let test = StoreBuffer::default();
    let saw = in_step(
        rounds,
        |round| test.left(accesses, round),
        |round| test.right(accesses, round),
    );
    let count = |r1, r2| saw.iter().filter(|&&seen| seen == (r1, r2)).count();
    let counts = [
        count(true, true),
        count(false, true),
        count(true, false),
        count(false, false),
    ];
    row(name, counts.map(|count| count.to_string()), allowed);
}

fn wide(rounds: u64, name: &str, value: &(impl Wide + Sync), allowed: &str) {
    let saw = in_step(
        rounds,
        |round| value.write_round(round),
        |round| value.see_round(round),
    );
    let count = |what| saw.iter().filter(|(_, seen)| *seen == what).count();
    let [old, new, torn] = [Seen::Old, Seen::New, Seen::Torn].map(|seen| count(seen).to_string());
    row(name, [old, new, torn, String::new()], allowed);
}

fn heading(first: &str, columns: [&str; 4], question: &str) {
    let last = format!("is {question} allowed?");
    row(first, columns.map(str::to_owned), &last);
}

fn row(first: &str, [a, b, c, d]: [String; 4], last: &str) {
    println!("{first:24}{a:>9}{b:>9}{c:>9}{d:>9}   {last}");
}
