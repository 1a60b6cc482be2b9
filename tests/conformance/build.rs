//! Compiles helloworld's own proto file, and the one of gRPC's interop service, without `protoc`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use prost::Message;

const HELLOWORLD: &str = "../../examples/01_helloworld/proto";
const INTEROP: &str = "proto";

fn main() -> Result<(), Box<dyn Error>> {
    for folder in [HELLOWORLD, INTEROP] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let files = ["helloworld/v1/helloworld.proto", "grpc/testing/test.proto"];
    let descriptors = protox::compile(files, [HELLOWORLD, INTEROP])?;
    let out = env::var("OUT_DIR")?;
    fs::write(
        Path::new(&out).join("descriptors.bin"),
        descriptors.encode_to_vec(),
    )?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
