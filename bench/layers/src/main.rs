//! One stack of layers around the greeting: on Kit, or its counterpart on bare axum and tonic.
//!
//! Both are in one binary, because what is in a binary moves the compiler's decisions.

mod arguments;
mod axum_side;
mod kit_side;
mod log;
mod tokens;
mod tonic_side;
mod tower_side;

use std::process::ExitCode;

use self::arguments::{Arguments, Side};

fn main() -> ExitCode {
    let served = Arguments::of_process().and_then(|arguments| {
        log::install(arguments.log);
        match arguments.side {
            Side::Kit => kit_side::serve(arguments.addresses, &arguments.layers),
            Side::Tower => tower_side::serve(arguments.addresses, &arguments.layers),
        }
    });
    served.unwrap_or_else(|error| {
        eprintln!("bench-layers: {error}");
        ExitCode::FAILURE
    })
}
