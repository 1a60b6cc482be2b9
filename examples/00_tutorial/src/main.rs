//! The service of the chapter "Tutorial" (docs/src/tutorial.md), after each of its steps.
//!
//! ```text
//! KIT_TUTORIAL_STEP=2 cargo run -p tutorial
//! ```
//!
//! Each step has a folder with the files that the chapter shows in it; the other files are those of earlier
//! steps. `tests/chapter` compares them with the chapter, runs them as the chapter says, and compares what
//! they print. A program for each step would be eight times a hundred megabytes.
#![allow(
    clippy::duplicate_mod,
    reason = "a file that a step does not change is a module of the step, too"
)]

use std::env;
use std::process::ExitCode;

use kit::BoxError;

#[path = "step_1/main.rs"]
mod step_1;
#[path = "step_2/main.rs"]
mod step_2;
#[path = "step_3/main.rs"]
mod step_3;
#[path = "step_4/main.rs"]
mod step_4;
#[path = "step_5/main.rs"]
mod step_5;
#[path = "step_6/main.rs"]
mod step_6;
#[path = "step_8/main.rs"]
mod step_8;

fn main() -> Result<ExitCode, BoxError> {
    let step = env::var("KIT_TUTORIAL_STEP").unwrap_or_default();
    match step.as_str() {
        "1" => step_1::main(),
        "2" => step_2::main(),
        "3" => step_3::main(),
        "4" => step_4::main(),
        "5" => step_5::main(),
        // The seventh step changes no file.
        "6" | "7" => step_6::main(),
        "8" | "9" => step_8::main(),
        _ => Err("KIT_TUTORIAL_STEP is not one of the steps, 1 to 9".into()),
    }
}
