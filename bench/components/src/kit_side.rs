//! Workers and servers of an app.

use std::net::{Ipv4Addr, SocketAddr};

use kit::{App, http};

use crate::{Arguments, Failed, STOP, routes};

/// The servers are counted in by the hook, which runs after all of them have begun to accept.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failed> {
    let started = arguments.started();
    let mut app = App::builder("bench-components").stop_timeout(STOP);
    for number in 0..arguments.workers {
        let started = started.clone();
        app = app.worker(format!("worker-{number}"), move |ctx| {
            started.count_in();
            async move {
                ctx.scope().cancelled().await;
                Ok(())
            }
        });
    }
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    for number in 0..arguments.servers {
        app = app.server(http::Server::new(free, routes()).name(format!("http-{number}")));
    }
    let servers = arguments.servers;
    app.after_start("ready", async move |app| {
        if let Some(first) = app.handle().info().endpoints().iter().next() {
            println!("http={}", first.authority());
        }
        for _ in 0..=servers {
            started.count_in();
        }
        Ok(())
    })
    .build()
    .run()
    .await?;
    Ok(())
}
