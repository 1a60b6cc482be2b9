//! Compiles the proto files without `protoc`.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use prost::Message;

const FILES: [&str; 1] = [
    // Each package has a folder.
    "{{ crate_name }}/v1/{{ crate_name }}.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    // For reflection.
    let out = env::var("OUT_DIR")?;
    let file = Path::new(&out).join("descriptors.bin");
    fs::write(file, descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
