//! A network that holds back one request, in front of a real Redis.

use std::sync::Arc;

use kit_sync::TaskTree;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Passes everything on but a request that holds a text, which it keeps.
pub(crate) struct Proxy {
    address: String,
    server: Arc<watch::Sender<String>>,
    held_text: Arc<watch::Sender<Option<&'static str>>>,
    held: tokio::sync::Mutex<mpsc::UnboundedReceiver<Held>>,
    _tree: TaskTree,
}

/// A request that the server has not got, and its connection to the server.
struct Held {
    request: Vec<u8>,
    to: OwnedWriteHalf,
    from: OwnedReadHalf,
}

impl Proxy {
    pub(crate) async fn start(server: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let tree = TaskTree::new("proxy");
        let server = Arc::new(watch::Sender::new(server));
        let held_text = Arc::new(watch::Sender::new(None));
        let (send, held) = mpsc::unbounded_channel();
        let (scope, text) = (tree.scope().clone(), Arc::clone(&held_text));
        let leads_to = Arc::clone(&server);
        let accept = async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = leads_to.borrow().clone();
                let server = TcpStream::connect(server).await.expect("the server");
                let (text, send) = (Arc::clone(&text), send.clone());
                scope.spawn_value("connection", pass(client, server, text, send));
            }
        };
        tree.scope().spawn_value("accept", accept);
        Proxy {
            address,
            server,
            held_text,
            held: tokio::sync::Mutex::new(held),
            _tree: tree,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// New connections are those to another server.
    pub(crate) fn lead_to(&self, server: String) {
        self.server.send_replace(server);
    }

    /// Keeps the next request that holds `text`, and cuts its client off.
    pub(crate) fn hold_back(&self, text: &'static str) {
        self.held_text.send_replace(Some(text));
    }

    pub(crate) fn let_new_connections_pass(&self) {
        self.held_text.send_replace(None);
    }

    /// Sends the request that was kept to the server, and returns the answer.
    pub(crate) async fn release(&self) -> String {
        let mut held = self.held.lock().await.recv().await.expect("a request");
        held.to.write_all(&held.request).await.expect("sent");
        let mut answer = vec![0; 4_096];
        let length = held.from.read(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }
}

/// A request of these tests comes in one piece: it is smaller than the buffer, and is written at once.
async fn pass(
    client: TcpStream,
    server: TcpStream,
    text: Arc<watch::Sender<Option<&'static str>>>,
    held: mpsc::UnboundedSender<Held>,
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut request, mut answer) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            Ok(length) = from_client.read(&mut request) => {
                let request = &request[..length];
                let kept = *text.borrow();
                // The argument after the keys, and no word of the script.
                let is_kept = kept.is_some_and(|text| {
                    let argument = format!("\r\n{text}\r\n");
                    String::from_utf8_lossy(request).contains(&argument)
                });
                if is_kept {
                    let request = request.to_vec();
                    let _ = held.send(Held { request, to: to_server, from: from_server });
                    return;
                }
                if length == 0 || to_server.write_all(request).await.is_err() {
                    return;
                }
            }
            Ok(length) = from_server.read(&mut answer) => {
                if length == 0 || to_client.write_all(&answer[..length]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}
