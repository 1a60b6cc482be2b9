//! The suite finds what is broken: each of its cases fails on a backend that breaks its promise alone.

mod backend;
mod feed;

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kit_registry::conformance;
use tokio::runtime::{Builder, Runtime};

use crate::backend::{Broken, Fault};

/// The case that finds each fault, and a part of its message.
const FOUND: &[(Fault, &str, &str)] = &[
    (
        Fault::Shouts,
        "a_registered_instance_is_listed_as_it_is",
        "left == right",
    ),
    (
        Fault::CreatesOnly,
        "registering_again_changes_nothing_or_replaces",
        "registered: Refused",
    ),
    (
        Fault::DeregistersOnce,
        "deregistering_takes_away_and_may_be_repeated",
        "deregistered: Refused",
    ),
    (
        Fault::DeregistersNothing,
        "deregistering_takes_away_and_may_be_repeated",
        "still listed",
    ),
    (
        Fault::DeregistersNothing,
        "a_registration_shows_changes_and_withdraws",
        "still listed",
    ),
    (
        Fault::LooksLong,
        "what_was_never_registered_is_deregistered_at_once",
        "took 1s",
    ),
    (
        Fault::DeregistersByPrefix,
        "an_instance_of_another_id_is_left_alone",
        "one instance: []",
    ),
    (
        Fault::ListsByPrefix,
        "a_service_does_not_see_another_whose_name_begins_the_same",
        "one instance: [Service",
    ),
    (
        Fault::Reverses,
        "instances_come_in_the_order_of_their_ids",
        "the ids of a list",
    ),
    (
        Fault::HidesTheEmptyList,
        "a_watch_yields_the_first_at_once_even_when_empty",
        "a watch in time",
    ),
    (
        Fault::KeepsTheLast,
        "a_watch_sees_what_is_added_changed_and_removed",
        "a removal was not seen",
    ),
    (
        Fault::EndsWithOne,
        "two_watches_of_a_service_do_not_disturb_each_other",
        "two was not seen",
    ),
    (
        Fault::ServesEight,
        "many_watches_of_a_service_see_each_change",
        "by the watch 8 of 100 was not seen",
    ),
    (
        Fault::WaitsForReaders,
        "an_idle_watch_holds_up_nothing_and_then_sees_the_latest",
        "registered in time",
    ),
    (
        Fault::Leaks,
        "dropped_watches_free_everything",
        "tasks are left of 100 watches",
    ),
    (
        Fault::EndsEmpty,
        "the_end_of_the_scope_closes_watches_and_is_never_an_empty_list",
        "after its scope: Snapshot",
    ),
    (
        Fault::ListsNothingAtTheEnd,
        "the_end_of_the_scope_closes_watches_and_is_never_an_empty_list",
        "a list after the end",
    ),
    (
        Fault::WritesLate,
        "a_register_dropped_at_any_await_is_void_after_deregister",
        "dropped after 2 polls",
    ),
    (
        Fault::SeesItselfAlone,
        "a_deregistration_is_seen_by_another_view",
        "the instance was not seen",
    ),
    (
        Fault::HasNoOwners,
        "of_two_owners_of_an_id_the_newest_is_shown_until_it_leaves",
        "fight for an id",
    ),
    (
        Fault::DeregistersOthers,
        "of_two_owners_of_an_id_the_newest_is_shown_until_it_leaves",
        "one instance: []",
    ),
    (
        Fault::IsHasty,
        "keep_alive_and_hold_are_quiet_while_nothing_happens",
        "before anything was written",
    ),
    (
        Fault::IsJealous,
        "own_changes_are_no_loss",
        "because of its own change",
    ),
    (
        Fault::RunsOut,
        "an_instance_stays_while_a_change_is_refused",
        "was not left as it was",
    ),
    (
        Fault::Underscores,
        "valid_names_are_kept_apart_whatever_they_hold",
        "instances with the id",
    ),
    (
        Fault::Truncates,
        "metadata_of_a_mebibyte_is_shown_whole_or_refused",
        "listed as another",
    ),
    (
        Fault::MissesTheLast,
        "concurrent_changes_end_in_one_view_for_all",
        "the last list, by the watch",
    ),
];

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime")
}

/// The message of the panic, if there is one.
fn panic_of(run: impl FnOnce()) -> Option<String> {
    let panic: Box<dyn Any + Send> = catch_unwind(AssertUnwindSafe(run)).err()?;
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast_ref::<&str>()
            .map_or_else(String::new, |text| (*text).to_owned()),
    };
    Some(text)
}

#[test]
fn each_broken_promise_is_found_by_its_case() {
    for (fault, case, expected) in FOUND {
        let broken = Broken::new(*fault);
        let run = || runtime().block_on(conformance::run_only(case, |scope| broken.open(scope)));
        let message = panic_of(run).unwrap_or_else(|| panic!("{fault:?} passes {case}"));
        assert!(
            message.contains(expected),
            "{fault:?} fails {case}: {message}"
        );
    }
}

#[test]
fn every_case_finds_a_fault() {
    let cases: BTreeSet<_> = FOUND.iter().map(|(_, case, _)| *case).collect();
    let all: BTreeSet<_> = conformance::CASES.iter().copied().collect();
    assert_eq!(cases, all);
}

#[test]
fn a_list_of_one_page_is_found_by_a_crowd() {
    let broken = Broken::new(Fault::ListsOnePage);
    let run = || runtime().block_on(conformance::crowd(501, |scope| broken.open(scope)));
    let message = panic_of(run).expect("a crowd finds it");
    assert!(message.contains("instances of a list"), "{message}");
}

#[test]
fn the_same_backend_without_a_fault_conforms() {
    let right = Broken::new(Fault::None);
    runtime().block_on(async {
        conformance::run(|scope| right.open(scope)).await;
        conformance::crowd(501, |scope| right.open(scope)).await;
    });
}
