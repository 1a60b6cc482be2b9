//! Compiles the proto file, without `protoc`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["greeter/v1/greeter.proto"], ["proto"])?;
    // What reflection shows.
    let file = Path::new(&env::var("OUT_DIR")?).join("greeter.bin");
    fs::write(file, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
