//! Tasks of a `TaskTracker` that watch one token: what is written by hand.

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::started::Started;
use crate::{Arguments, Failed, STOP, routes};

pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failed> {
    let started = arguments.started();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    for _ in 0..arguments.workers {
        let (started, stop) = (started.clone(), stop.clone());
        tasks.spawn(async move {
            started.count_in();
            stop.cancelled().await;
        });
    }
    for number in 0..arguments.servers {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        if number == 0 {
            println!("http={}", listener.local_addr()?);
        }
        tasks.spawn(serve(listener, started.clone(), stop.clone()));
    }
    tasks.close();
    started.count_in();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
    timeout(STOP, tasks.wait()).await?;
    Ok(())
}

async fn serve(listener: TcpListener, started: Started, stop: CancellationToken) {
    started.count_in();
    let serving = axum::serve(listener, routes());
    let served = serving.with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        eprintln!("bench-components: a server has failed: {error}");
    }
}
