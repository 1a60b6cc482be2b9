//! Instructions, allocations and system calls of one operation.
//!
//! A tool counts a whole run. Two runs that differ only in the number of operations give the cost
//! of one; starting, connecting and stopping cancel out.

mod callgrind;
mod strace;

use std::fs;
use std::path::Path;

use crate::{Result, tools};

/// What callgrind counts of one operation, on the average.
pub(super) struct Cost {
    pub(super) instructions: f64,
    /// Calls of the allocator that give memory; one that resizes a block is one as well.
    pub(super) allocations: f64,
}

/// The cost of one operation, the average over `operations`. `run` starts what is measured under
/// the tool that it is given, and returns after the given number of operations and its end; the
/// tool writes to `out`.
pub(super) fn cost(
    operations: u64,
    out: &Path,
    run: impl Fn(&[String], u64) -> Result,
) -> Result<Cost> {
    tools::require("valgrind", "valgrind")?;
    let tool = callgrind::command(out);
    let [instructions, allocations] = per_operation(operations, |operations| {
        run(&tool, operations)?;
        let text = read(out)?;
        let instructions = callgrind::instructions(&text).ok_or_else(|| no_total(out))?;
        Ok([instructions, callgrind::allocations(&text)])
    })?;
    Ok(Cost {
        instructions,
        allocations,
    })
}

/// The system calls of one operation, counted like [`cost`].
pub(super) fn system_calls(
    operations: u64,
    out: &Path,
    run: impl Fn(&[String], u64) -> Result,
) -> Result<f64> {
    tools::require("strace", "strace")?;
    let tool = strace::command(out);
    let [calls] = per_operation(operations, |operations| {
        run(&tool, operations)?;
        let calls = strace::calls(&read(out)?).ok_or_else(|| no_total(out))?;
        Ok([calls])
    })?;
    Ok(calls)
}

fn per_operation<const N: usize>(
    operations: u64,
    count: impl Fn(u64) -> Result<[u64; N]>,
) -> Result<[f64; N]> {
    let few = operations / 5;
    let less = count(few)?;
    let more = count(few + operations)?;
    let mut costs = [0.0; N];
    for (cost, (less, more)) in costs.iter_mut().zip(less.into_iter().zip(more)) {
        let difference = more
            .checked_sub(less)
            .ok_or("a count went down as work went up: take more")?;
        *cost = difference as f64 / operations as f64;
    }
    Ok(costs)
}

fn read(out: &Path) -> Result<String> {
    fs::read_to_string(out)
        .map_err(|error| format!("could not read {}: {error}", out.display()).into())
}

fn no_total(out: &Path) -> String {
    format!("no total in {}", out.display())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::env;
    use std::fs;

    use super::{cost, system_calls};
    use crate::bench::folder;
    use crate::cargo::{command, run};
    use crate::{Result, tools};

    /// Each round takes a box, a block of zeros, and a buffer that grows once: four allocations. It
    /// opens two files and closes them: four system calls.
    const KNOWN: &str = r#"
        use std::hint::black_box;
        fn main() {
            let rounds: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
            for round in 0..rounds {
                black_box(Box::new(black_box(round)));
                black_box(vec![0_u8; black_box(5000)]);
                let mut buffer = black_box(Vec::<u8>::with_capacity(black_box(100)));
                buffer.reserve_exact(black_box(10_000));
                black_box(buffer);
                // Opening needs no block: the path is short.
                drop(black_box(std::fs::File::open("/dev/null")));
                black_box(std::fs::File::open("/").is_ok());
            }
        }
    "#;

    /// Whether the tools are there; their absence is a failure where CI says so.
    fn has_tools() -> bool {
        for tool in ["valgrind", "strace"] {
            if let Err(error) = tools::require(tool, tool) {
                assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{error}");
                eprintln!("NOT RUN: costs_are_exact_on_a_known_program: {error}");
                return false;
            }
        }
        true
    }

    #[test]
    fn costs_are_exact_on_a_known_program() {
        if !has_tools() {
            return;
        }
        let folder = folder().expect("a folder");
        let (source, program) = (folder.join("known.rs"), folder.join("known"));
        fs::write(&source, KNOWN).expect("a source");
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut compiler = command(rustc);
        compiler.arg("-O").arg("-o").args([&program, &source]);
        run(&mut compiler).expect("it compiles");
        let known = |tool: &[String], rounds: u64| -> Result {
            let (tool, arguments) = tool.split_first().ok_or("no tool")?;
            let mut command = command(tool);
            command.args(arguments).arg(&program);
            run(command.arg(rounds.to_string()))
        };

        let counted = cost(1000, &folder.join("known.callgrind"), known).expect("a cost");
        assert!(
            (counted.allocations - 4.0).abs() < 1e-9,
            "{}",
            counted.allocations
        );
        assert!(counted.instructions > 4.0, "{}", counted.instructions);
        let calls = system_calls(1000, &folder.join("known.strace"), known).expect("calls");
        assert!((calls - 4.0).abs() < 1e-9, "{calls}");
    }
}
