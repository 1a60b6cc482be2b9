//! The checked-in etcd stubs are what `proto/` says.
//!
//! To write them anew after a change of `proto/`:
//! `KIT_UPDATE_STUBS=1 cargo test -p kit-registry --test proto`.

use std::path::Path;
use std::{env, fs};

const STUBS: [&str; 2] = ["etcdserverpb.rs", "mvccpb.rs"];

#[test]
fn checked_in_stubs_are_what_the_proto_files_say() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked_in = package.join("src/etcd/proto");
    let fresh = tempfile::tempdir().expect("a temporary directory");
    generate(&package.join("proto"), fresh.path());
    for stub in STUBS {
        let expected = fs::read_to_string(fresh.path().join(stub)).expect("a generated file");
        let path = checked_in.join(stub);
        if env::var_os("KIT_UPDATE_STUBS").is_some() {
            fs::write(&path, &expected).expect("writing a stub");
        }
        let actual = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            actual == expected,
            "src/etcd/proto/{stub} is not what proto/ says; run this test with KIT_UPDATE_STUBS=1"
        );
    }
}

fn generate(proto: &Path, out: &Path) {
    let files = protox::compile(["etcd/kv.proto", "etcd/rpc.proto"], [proto])
        .expect("the proto files compile");
    tonic_prost_build::configure()
        .build_server(false)
        .build_transport(false)
        // It holds a password.
        .skip_debug(["etcdserverpb.AuthenticateRequest"])
        .out_dir(out)
        .compile_fds(files)
        .expect("stubs are generated");
}
