//! The registry is etcd.

use interop::Version;

use super::server::Server;
use super::{crowd, found, ids, theirs};

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn kratos_finds_helloworld_calls_it_and_sees_it_leave() {
    for version in Version::ALL {
        found::helloworld_is_found_called_and_seen_leaving(&Server::etcd().await, version).await;
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn a_service_of_kratos_comes_changes_and_leaves() {
    for version in Version::ALL {
        theirs::kratos_is_seen_coming_changing_and_leaving(&Server::etcd().await, version).await;
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn both_see_the_same_of_200_mixed_instances_after_a_churn() {
    for version in Version::ALL {
        crowd::views_of_200_instances_agree_after_a_churn(&Server::etcd().await, version).await;
    }
}

#[tokio::test]
#[ignore = "needs programs in Go: cargo xtask interop"]
async fn one_id_of_both_sides_is_one_entry_of_the_newest() {
    for version in Version::ALL {
        ids::instances_of_one_id_and_one_that_looks_like_kit(&Server::etcd().await, version).await;
    }
}
