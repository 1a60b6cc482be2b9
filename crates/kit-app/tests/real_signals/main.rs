//! Real signals to a real process: this test program, started again in another role.
#![cfg(unix)]

mod blocked;
mod build;
#[cfg(target_os = "linux")]
mod cycles;
mod hang_up;
mod inherited;
mod last_lines;
mod program;
mod reload;
mod runs;
#[cfg(target_os = "linux")]
mod service_manager;
mod streams;
#[cfg(target_os = "linux")]
mod threads;
mod work;

/// What the tests start; by itself it does nothing.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    program::limit_life();
    match std::env::var(program::ROLE).as_deref() {
        Ok("two_runs") => runs::two_runs(),
        Ok("own_handler_before") => runs::own_handler_before(),
        Ok("own_handler_after") => runs::own_handler_after(),
        Ok("own_handler_in_the_build") => runs::own_handler_in_the_build(),
        Ok("none") => runs::none(),
        Ok("none_after_a_build") => runs::none_after_a_build(),
        Ok("after_main") => runs::after_main(),
        Ok("usr2") => runs::usr2(),
        Ok("serve") => inherited::serve(),
        Ok("streams") => streams::serve(),
        Ok("drain") => hang_up::drain(),
        Ok("reload") => reload::reload(),
        Ok("building") => build::building(),
        Ok("blocked_build") => build::blocked_build(),
        Ok("handed_over") => build::handed_over(),
        Ok("handed_over_to_none") => build::handed_over_to_none(),
        Ok("blocked") => blocked::blocked(),
        Ok("blocked_observer") => blocked::blocked_observer(),
        Ok("blocked_stderr") => blocked::blocked_stderr(),
        Ok("blocked_main") => blocked::blocked_main(),
        Ok("blocked_workers") => blocked::blocked_workers(),
        Ok("blocked_run") => blocked::blocked_run(),
        Ok("logs_info") => last_lines::logs_info(),
        Ok("logs_debug") => last_lines::logs_debug(),
        Ok("logs_errors") => last_lines::logs_errors(),
        Ok("logs_failure") => last_lines::logs_failure(),
        Ok("jobs") => work::jobs(),
        Ok("failing_job") => work::failing_job(),
        Ok("back_off") => work::back_off(),
        Ok("giving_up") => work::giving_up(),
        Ok("long_job") => work::long_job(),
        Ok("endless_job") => work::endless_job(),
        #[cfg(target_os = "linux")]
        Ok("cycles") => cycles::cycles(),
        #[cfg(target_os = "linux")]
        Ok("many_workers") => threads::many_workers(),
        Ok("asked_before") => blocked::asked_before(),
        #[cfg(target_os = "linux")]
        Ok(role) => service_manager::role(role),
        _ => {}
    }
}
