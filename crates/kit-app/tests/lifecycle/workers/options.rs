//! Options that are of no use.

use std::time::Duration;

use kit_app::{AppBuilder, Policy, Restarts, WorkerOptions};

use super::{End, options, refused, runs};

#[tokio::test]
async fn options_that_are_of_no_use_are_refused_before_any_hook_runs() {
    let minute = Duration::from_secs(60);
    let at_most = |limit, period| Restarts::at_most(limit, period);
    let worker =
        |options| move |app: AppBuilder| app.worker_with("outbox", options, runs([End::Cancelled]));
    let policy = |restarts| worker(options(Policy::Restart(restarts)));
    type With = Box<dyn Fn(AppBuilder) -> AppBuilder>;
    let wrong: [(With, &str); 6] = [
        (
            Box::new(policy(at_most(0, minute))),
            "outbox cannot be started: option `Restarts::limit` is 0: it has to be at least 1; \
             without restarts, the policy is `stop`",
        ),
        (
            Box::new(policy(at_most(1, Duration::ZERO))),
            "outbox cannot be started: option `Restarts::period` is 0s: it has to be longer than \
             0s and at most 365d",
        ),
        (
            Box::new(policy(at_most(1, minute).delays(minute, minute / 2))),
            "outbox cannot be started: option `Restarts::longest_delay` is 30s: it has to be at \
             least as long as `first_delay`",
        ),
        (
            Box::new(policy(at_most(1, minute).delays(minute, Duration::MAX))),
            "outbox cannot be started: option `Restarts::longest_delay` is",
        ),
        (
            Box::new(worker(WorkerOptions::new().restart_limit(Duration::ZERO))),
            "outbox cannot be started: option `WorkerOptions::restart_limit` is 0s: it has to be \
             longer than 0s and at most 365d",
        ),
        (
            Box::new(|app| app.job("", runs([End::Ok]))),
            "the name of a component is empty: give it a name, such as `orders`",
        ),
    ];
    for (with, expected) in wrong {
        refused(with, expected).await;
    }
    let twice = |app: AppBuilder| {
        app.worker("outbox", runs([End::Cancelled]))
            .job("outbox", runs([End::Ok]))
    };
    refused(twice, "there are two components named `outbox`").await;
}
