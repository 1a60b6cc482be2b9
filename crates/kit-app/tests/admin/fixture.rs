//! An app with an admin server, on its own threads.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kit_app::{Admin, App, AppBuilder, AppHandle, Environment, Event, Report, RunError, Signals};
use kit_transport::Address;
use tokio::runtime::{Builder, Runtime};

/// An app that runs.
pub(crate) struct Running {
    pub(crate) handle: AppHandle,
    pub(crate) admin: SocketAddr,
    thread: JoinHandle<Result<Report, RunError>>,
}

/// An app in development, without signals.
pub(crate) fn app() -> AppBuilder {
    App::builder("orders")
        .signals(Signals::none())
        .environment(Environment::from_lookup(|_| None))
        .drain_delay(Duration::ZERO)
}

pub(crate) fn two_threads() -> Runtime {
    let builder = &mut Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl Running {
    /// Runs an app with an admin server at a free port, and waits until that answers.
    pub(crate) fn start(app: AppBuilder) -> Running {
        Running::with(two_threads(), app, Admin::new("127.0.0.1:0"))
    }

    /// The same, until the app is ready.
    pub(crate) fn ready(app: AppBuilder) -> Running {
        let running = Running::start(app);
        running.until_ready();
        running
    }

    pub(crate) fn with(runtime: Runtime, app: AppBuilder, admin: Admin) -> Running {
        let (found, address) = mpsc::channel();
        let app = app.admin(admin).observer(move |event| {
            if let Event::AdminStarted { listening } = &event.event {
                let address = listening[0].address().ip();
                let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
                let _ = found.send(address.unwrap_or(nowhere));
            }
        });
        let app = app.build();
        let handle = app.handle();
        let thread = thread::Builder::new().spawn(move || runtime.block_on(app.run()));
        let admin = address.recv().expect("it starts");
        Running {
            handle,
            admin,
            thread: thread.unwrap(),
        }
    }

    /// The address of the first server.
    pub(crate) fn server(&self) -> SocketAddr {
        let components = self.handle.components();
        match components[0].listening[0].address() {
            Address::Ip(address) => *address,
            other => panic!("{other}"),
        }
    }

    pub(crate) fn until_ready(&self) {
        one_thread().block_on(self.handle.started()).unwrap();
    }

    pub(crate) fn stop(self) -> Report {
        self.handle.stop("the test is over");
        self.end()
    }

    pub(crate) fn end(self) -> Report {
        self.thread.join().unwrap().unwrap()
    }
}
