//! The service as a process.

use std::env;
use std::process::ExitCode;

use kit::Listen;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let listen = env::args().nth(1);
    match listen
        .as_deref()
        .unwrap_or("127.0.0.1:8000")
        .parse::<Listen>()
    {
        // Nothing has to be paid here.
        Ok(listen) => testing::service(listen, async || Ok(())).build().main(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
