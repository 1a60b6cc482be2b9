//! Compiles the service's proto file without `protoc`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use prost::Message;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["helloworld/v1/helloworld.proto"], ["proto"])?;
    // For reflection.
    let out = env::var("OUT_DIR")?;
    fs::write(
        Path::new(&out).join("helloworld.bin"),
        descriptors.encode_to_vec(),
    )?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
