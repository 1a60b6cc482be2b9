//! The messages and calls of etcd that are used, generated from `proto/` and checked in, so that a
//! build needs no `protoc`. `tests/proto.rs` compares them and can write them anew.

#[allow(
    clippy::all,
    dead_code,
    missing_docs,
    unnameable_types,
    unreachable_pub,
    reason = "generated"
)]
pub(super) mod etcdserverpb {
    include!("proto/etcdserverpb.rs");
}

#[allow(
    clippy::all,
    dead_code,
    missing_docs,
    unnameable_types,
    unreachable_pub,
    reason = "generated"
)]
pub(super) mod mvccpb {
    include!("proto/mvccpb.rs");
}
