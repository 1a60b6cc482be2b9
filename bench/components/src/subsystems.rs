//! Subsystems of tokio-graceful-shutdown, all below the root.

use tokio::net::TcpListener;
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};

use crate::started::Started;
use crate::{Arguments, Failed, STOP, routes};

pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failed> {
    let (workers, servers, started) = (arguments.workers, arguments.servers, arguments.started());
    let root = Toplevel::<Failed>::new(async move |root: &mut SubsystemHandle| {
        for number in 0..workers {
            let started = started.clone();
            let work = async move |subsystem: &mut SubsystemHandle| {
                started.count_in();
                subsystem.on_shutdown_requested().await;
                Ok::<(), Failed>(())
            };
            root.start(SubsystemBuilder::new(format!("worker-{number}"), work));
        }
        for number in 0..servers {
            let started = started.clone();
            let server = async move |subsystem: &mut SubsystemHandle| {
                serve(subsystem, number, &started).await
            };
            root.start(SubsystemBuilder::new(format!("http-{number}"), server));
        }
        started.count_in();
    });
    Ok(root.catch_signals().handle_shutdown_requests(STOP).await?)
}

async fn serve(
    subsystem: &SubsystemHandle,
    number: usize,
    started: &Started,
) -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    if number == 0 {
        println!("http={}", listener.local_addr()?);
    }
    started.count_in();
    let stop = subsystem.create_cancellation_token();
    let serving = axum::serve(listener, routes());
    Ok(serving
        .with_graceful_shutdown(stop.cancelled_owned())
        .await?)
}
