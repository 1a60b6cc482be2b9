//! Compiles helloworld's own proto file without `protoc`.

use std::error::Error;

const PROTO: &str = "../../examples/01_helloworld/proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let descriptors = protox::compile(["helloworld/v1/helloworld.proto"], [PROTO])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
