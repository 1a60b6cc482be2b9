//! The promises of every backend, as a suite that runs against one.
//!
//! For a backend's own tests: a dev-dependency with the feature `conformance`, and
//!
//! ```
//! # use kit_registry::{Schemes, conformance};
//! #[tokio::test]
//! # async fn hidden() {}
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() { a_backend_conforms().await }
//! async fn a_backend_conforms() {
//!     let schemes = Schemes::default();
//!     conformance::run(|scope| schemes.open("memory:", scope).unwrap()).await;
//! }
//! ```
//!
//! Each case opens the backend anew, in a new scope, and uses a new service name, so the registry
//! need not be empty. Two views that are opened stand for two processes. One case waits for 4 s, to see
//! that an instance stays while nothing but [`Registrar::keep_alive`](crate::Registrar::keep_alive) runs:
//! a backend whose entries run out is to be opened with a shorter time, though one that is long enough for
//! the other cases, which take a second or two.
//!
//! [`crowd`] tries the same with thousands of instances. [`CASES`] and [`run_only`] are for a backend that
//! fails, and for the suite's own test: for each case there is a backend that breaks its promise.

mod case;
mod churn;
mod extremes;
mod keeping;
mod leaving;
mod listing;
mod watching;

use kit_sync::Scope;

use crate::Backend;
use case::Case;

pub use extremes::crowd;

macro_rules! cases {
    ($($room:ident: $($case:ident)*;)*) => {
        /// The names of the cases, in the order in which they run.
        pub const CASES: &[&str] = &[$($(stringify!($case)),*),*];

        /// Runs the case of this name.
        ///
        /// # Panics
        /// When the backend breaks a promise, which the message names, and when no case has this name.
        pub async fn run_only<F>(name: &str, open: F)
        where
            F: Fn(&Scope) -> Backend,
        {
            let case = Case::new(name, &open);
            match name {
                $($(stringify!($case) => $room::$case(&case).await,)*)*
                other => panic!("no case is called {other:?}; there are {CASES:?}"),
            }
            case.close().await;
        }
    };
}

cases! {
    listing:
        a_registered_instance_is_listed_as_it_is
        registering_again_changes_nothing_or_replaces
        deregistering_takes_away_and_may_be_repeated
        what_was_never_registered_is_deregistered_at_once
        an_instance_of_another_id_is_left_alone
        a_service_does_not_see_another_whose_name_begins_the_same
        instances_come_in_the_order_of_their_ids;
    watching:
        a_watch_yields_the_first_at_once_even_when_empty
        a_watch_sees_what_is_added_changed_and_removed
        two_watches_of_a_service_do_not_disturb_each_other
        many_watches_of_a_service_see_each_change
        an_idle_watch_holds_up_nothing_and_then_sees_the_latest
        dropped_watches_free_everything
        the_end_of_the_scope_closes_watches_and_is_never_an_empty_list;
    keeping:
        keep_alive_and_hold_are_quiet_while_nothing_happens
        own_changes_are_no_loss
        an_instance_stays_while_a_change_is_refused;
    leaving:
        a_registration_shows_changes_and_withdraws
        a_register_dropped_at_any_await_is_void_after_deregister
        a_deregistration_is_seen_by_another_view
        of_two_owners_of_an_id_the_newest_is_shown_until_it_leaves;
    extremes:
        valid_names_are_kept_apart_whatever_they_hold
        metadata_of_a_mebibyte_is_shown_whole_or_refused;
    churn:
        concurrent_changes_end_in_one_view_for_all;
}

/// Runs every case, one after the other.
///
/// # Panics
/// When the backend breaks a promise, which the message names.
pub async fn run<F>(open: F)
where
    F: Fn(&Scope) -> Backend,
{
    for case in CASES {
        run_only(case, &open).await;
    }
}
