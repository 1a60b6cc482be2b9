//! Compiles the proto file without `protoc`.

use std::error::Error;

const PROTO: &str = "proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO}");
    let descriptors = protox::compile(["interop/v1/interop.proto"], [PROTO])?;
    tonic_prost_build::configure()
        .btree_map(".")
        // On HTTP it is JSON, from which Kratos v3 leaves out what is empty.
        .type_attribute(".", "#[derive(serde::Serialize, serde::Deserialize)]")
        .type_attribute(".", "#[serde(default)]")
        .compile_fds(descriptors)?;
    Ok(())
}
