//! The app, as its handle shows it.

use kit_app::{AppHandle, CheckState, ComponentState, WorkerState};
use kit_registry::RegistrationState;
use kit_transport::Stage;

use super::catalogue::{
    APP_DRAINED, APP_LIVE, APP_READY, APP_STAGE, BUILD_INFO, CHECK_STATE, COMPONENT_STATE,
    EVENTS_DROPPED, REGISTRY_REGISTERED, WORKER_FAILURES, WORKER_RESTARTS, WORKER_STATE,
};
use super::sample::Samples;

const STAGES: [Stage; 6] = [
    Stage::Created,
    Stage::Starting,
    Stage::Running,
    Stage::LameDuck,
    Stage::Draining,
    Stage::Stopped,
];
const COMPONENT_STATES: [ComponentState; 5] = [
    ComponentState::Starting,
    ComponentState::Running,
    ComponentState::Ended,
    ComponentState::Draining,
    ComponentState::Stopped,
];
const WORKER_STATES: [WorkerState; 5] = [
    WorkerState::Running,
    WorkerState::Restarting,
    WorkerState::Ended,
    WorkerState::Failed,
    WorkerState::Aborted,
];
const CHECK_STATES: [CheckState; 3] = [
    CheckState::Pending,
    CheckState::Passing,
    CheckState::Failing,
];

/// Reads what pages and probes read: nothing is asked of the app's runtime.
pub(super) fn collect(app: &AppHandle, samples: &mut Samples) {
    let info = app.info();
    let kit = env!("CARGO_PKG_VERSION");
    let labels = [info.name(), info.version(), info.id(), kit].map(str::to_owned);
    samples.add(&BUILD_INFO, labels, 1.0);
    let stage = label(app.stage());
    samples.add_states(&APP_STAGE, &STAGES.map(label), &stage, |stage| [stage]);
    for (metric, is_so) in [
        (&APP_READY, app.is_ready()),
        (&APP_LIVE, app.liveness().passes),
        (&APP_DRAINED, app.is_drained()),
    ] {
        samples.add(metric, [], f64::from(u8::from(is_so)));
    }
    collect_components(app, samples);
    for check in app.checks() {
        let (name, required) = (check.name, check.required.to_string());
        let state = label(check.state);
        samples.add_states(&CHECK_STATE, &CHECK_STATES.map(label), &state, |state| {
            [name.clone(), required.clone(), state]
        });
    }
    for registration in app.registrations() {
        let is_registered = matches!(registration.state, RegistrationState::Registered);
        let value = f64::from(u8::from(is_registered));
        samples.add(&REGISTRY_REGISTERED, [registration.registry], value);
    }
    for dropped in app.dropped_events() {
        samples.add_count(&EVENTS_DROPPED, [dropped.consumer], dropped.events);
    }
}

fn collect_components(app: &AppHandle, samples: &mut Samples) {
    for component in app.components() {
        let (name, state) = (component.name, label(component.state));
        let states = COMPONENT_STATES.map(label);
        samples.add_states(&COMPONENT_STATE, &states, &state, |state| {
            [name.clone(), state]
        });
        for worker in component.workers {
            let (path, state) = (worker.path, label(worker.state));
            let states = WORKER_STATES.map(label);
            samples.add_states(&WORKER_STATE, &states, &state, |state| {
                [path.clone(), state]
            });
            samples.add_count(&WORKER_RESTARTS, [path.clone()], worker.restarts);
            samples.add_count(&WORKER_FAILURES, [path], worker.failures);
        }
    }
}

/// The name of a state, as the value of a label.
fn label(state: impl ToString) -> String {
    state.to_string().replace(' ', "_")
}
