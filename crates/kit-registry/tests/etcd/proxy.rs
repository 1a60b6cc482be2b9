//! A network that can be cut.

use kit_sync::Scope;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Hands connections through to another address while it is open.
pub(crate) struct Proxy {
    address: String,
    to: watch::Sender<String>,
    open: watch::Sender<bool>,
    accepted: watch::Receiver<usize>,
}

impl Proxy {
    pub(crate) async fn start(scope: &Scope, to: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let (to, leads_to) = watch::channel(to);
        let (open, is_open) = watch::channel(true);
        let (count, accepted) = watch::channel(0);
        let connections = scope.clone();
        let stop = scope.token().clone();
        let accept = async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut is_open = is_open.clone();
                if !*is_open.borrow_and_update() {
                    continue;
                }
                count.send_modify(|count| *count += 1);
                let to = leads_to.borrow().clone();
                let connection = async move {
                    tokio::select! {
                        _ = is_open.wait_for(|open| !open) => {}
                        () = hand_through(client, &to) => {}
                    }
                };
                drop(connections.track(connection));
            }
        };
        scope.spawn("proxy", async move {
            stop.run_until_cancelled(accept).await;
        });
        Proxy {
            address,
            to,
            open,
            accepted,
        }
    }

    pub(crate) fn url(&self, rest: &str) -> String {
        format!("etcd://{}{rest}", self.address)
    }

    /// How many connections were handed through.
    pub(crate) fn accepted(&self) -> usize {
        *self.accepted.borrow()
    }

    /// Hands new connections through to another address.
    pub(crate) fn lead_to(&self, to: String) {
        self.to.send_replace(to);
    }

    /// Resets what there is, and every new connection at once.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn hand_through(mut client: TcpStream, to: &str) {
    if let Ok(mut server) = TcpStream::connect(to).await {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
