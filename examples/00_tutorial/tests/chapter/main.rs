//! The chapter "Tutorial", docs/src/tutorial.md, done as it says.
//!
//! Every file that the chapter shows is one of this package, and every output that it shows is that of this package's
//! program, which runs as a process on a terminal. Values that differ each time (times, ids, durations, ports) are
//! [masked](masks) on both sides. A change of the chapter or of the program that the other does not have fails here.
#![cfg(unix)]

mod answers;
mod chapter;
mod commands;
mod files;
mod masks;
mod project;
mod run;
mod service;
mod terminal;

use chapter::Chapter;
use run::Run;

/// The steps that have an output.
const STEPS: usize = 9;

#[test]
fn every_file_of_the_chapter_is_one_of_this_package_and_the_other_way_round() {
    let chapter = Chapter::read();
    let numbers: Vec<_> = chapter.steps.iter().map(|step| step.number).collect();
    assert_eq!(numbers, (0..=STEPS).collect::<Vec<_>>(), "the steps");
    files::compare(&chapter);
}

#[test]
fn the_manifest_of_the_chapter_asks_for_what_this_package_has() {
    files::compare_manifest(&Chapter::read());
}

#[tokio::test]
async fn step_1_a_service() {
    Run::follow(1).await;
}

#[tokio::test]
async fn step_2_errors() {
    Run::follow(2).await;
}

#[tokio::test]
async fn step_3_settings() {
    Run::follow(3).await;
}

#[tokio::test]
async fn step_4_grpc() {
    Run::follow(4).await;
}

#[tokio::test]
async fn step_5_health_metrics_and_the_log_of_requests() {
    Run::follow(5).await;
}

#[tokio::test]
async fn step_6_a_resource() {
    Run::follow(6).await;
}

#[tokio::test]
async fn step_7_a_registry() {
    Run::follow(7).await;
}

#[tokio::test]
async fn step_8_a_test() {
    Run::follow(8).await;
}

#[tokio::test]
async fn step_9_a_stop_under_load() {
    Run::follow(9).await;
}
