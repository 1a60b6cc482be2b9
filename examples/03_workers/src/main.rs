//! Work beside the requests: two workers, periodic work and a job.
//!
//! ```text
//! cargo run -p workers -- 127.0.0.1:8000 127.0.0.1:9090
//! curl -d 'tea' http://127.0.0.1:8000/orders
//! curl 'http://127.0.0.1:9090/readyz?verbose'
//! ```
//!
//! One worker packs the orders. It gives up at every fifth one, as a program with a fault does, and begins
//! anew with it. Another one ships what is packed. A job warms the prices up, and nothing else starts before
//! it has. At a stop the server is drained, then the packer, then the shipper: every order is shipped.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::extract::State;
use axum::{Router, routing::post};
use kit::{
    App, AppBuilder, BoxError, Context, Listen, Phase, Policy, Restarts, WorkerOptions, http,
};
use tokio::sync::{Mutex, mpsc};

#[cfg(test)]
mod tests;

/// What the handlers and the workers share: a resource of the app.
#[derive(Clone)]
struct Orders {
    ordered: Queue,
    packed: Queue,
    shipped: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Queue {
    put: mpsc::UnboundedSender<String>,
    take: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
}

impl Queue {
    fn new() -> Queue {
        let (put, take) = mpsc::unbounded_channel();
        let take = Arc::new(Mutex::new(take));
        Queue { put, take }
    }
}

async fn open(_ctx: Context) -> Result<Orders, BoxError> {
    Ok(Orders {
        ordered: Queue::new(),
        packed: Queue::new(),
        shipped: Arc::default(),
    })
}

/// Everything that was packed has been shipped by now: the workers have ended.
async fn close(orders: Orders) -> Result<(), BoxError> {
    let shipped = orders.shipped.load(Relaxed);
    tracing::info!(shipped, "all in all");
    Ok(())
}

/// The next one, also after the worker was cancelled, until none is left.
async fn next(ctx: &Context, take: &mut mpsc::UnboundedReceiver<String>) -> Option<String> {
    let token = ctx.scope().token();
    match token.run_until_cancelled(take.recv()).await {
        Some(order) => order,
        None => take.try_recv().ok(),
    }
}

async fn pack(ctx: Context, count: Arc<AtomicUsize>) -> Result<(), BoxError> {
    let orders: Orders = ctx.get()?;
    let mut take = orders.ordered.take.lock().await;
    while let Some(order) = next(&ctx, &mut take).await {
        if (count.fetch_add(1, Relaxed) + 1).is_multiple_of(5) {
            // It is not lost: the next run finds it in the queue.
            orders.ordered.put.send(order)?;
            panic!("the tape is used up");
        }
        orders.packed.put.send(order)?;
    }
    Ok(())
}

async fn ship(ctx: Context) -> Result<(), BoxError> {
    let orders: Orders = ctx.get()?;
    let mut take = orders.packed.take.lock().await;
    while let Some(order) = next(&ctx, &mut take).await {
        orders.shipped.fetch_add(1, Relaxed);
        tracing::info!(order, "shipped");
    }
    Ok(())
}

/// Runs once, and the workers and the server start when it has ended.
async fn warm_up(_ctx: Context) -> Result<(), BoxError> {
    tracing::info!("the prices are there");
    Ok(())
}

async fn report(ctx: Context) -> Result<(), BoxError> {
    let orders: Orders = ctx.get()?;
    tracing::info!(shipped = orders.shipped.load(Relaxed), "so far");
    Ok(())
}

async fn routes(ctx: Context) -> Result<Router, BoxError> {
    let order = |State(orders): State<Orders>, order: String| async move {
        orders.ordered.put.send(order).map_err(|_| "closed")
    };
    let routes = Router::new().route("/orders", post(order));
    Ok(routes.with_state(ctx.get()?))
}

fn service(listen: Listen) -> AppBuilder {
    let count = Arc::new(AtomicUsize::new(0));
    let forgiving = Policy::Restart(Restarts::at_most(10, Duration::from_secs(60)));
    let first = WorkerOptions::new().phase(Phase::new(50)).awaited();
    // It is drained before the shipper, which has the phase of all workers.
    let packer = WorkerOptions::new()
        .policy(forgiving)
        .phase(Phase::new(150));
    App::builder("workers")
        .resource("orders", open, close)
        .job_with("warm up", first, warm_up)
        .worker_with("packer", packer, move |ctx| pack(ctx, Arc::clone(&count)))
        .worker("shipper", ship)
        .every("reporter", Duration::from_secs(1), report)
        .server(http::Server::from_fn(listen, routes))
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let listen = |argument, otherwise: &str| {
        let given = env::args().nth(argument);
        given.as_deref().unwrap_or(otherwise).parse::<Listen>()
    };
    match (listen(1, "127.0.0.1:8000"), listen(2, "127.0.0.1:9090")) {
        (Ok(http), Ok(admin)) => service(http).admin(admin).build().main(),
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
