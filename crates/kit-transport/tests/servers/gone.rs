//! Clients that go while a handler of HTTP/1.1 runs: in which cases the handler is dropped.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{MethodRouter, any, get, post};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use kit_transport::{ConnectionOptions, Listen, http};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
#[cfg(feature = "tls")]
use crate::tls::{self, Authority};

/// The bytes behind the head of the request, whose handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    Nothing,
    /// A body that the handler reads to its end before it waits.
    Body,
    /// The same in chunks.
    Chunks,
    /// The next request, in the same segment.
    Request,
    /// The next request, which comes while the handler runs.
    LaterRequest,
    /// A body that the handler does not read.
    UnreadBody,
    /// Half of a body that the handler does not read.
    HalfBody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    StaysOpen,
    Closes,
    /// Sends its FIN, and could still read.
    HalfCloses,
    Resets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Tcp,
    Unix,
    #[cfg(feature = "tls")]
    Tls,
}

const GET: &str = "GET /held HTTP/1.1\r\nhost: test\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nhost: test\r\n\r\n";

impl Behind {
    const ALL: [Behind; 7] = [
        Behind::Nothing,
        Behind::Body,
        Behind::Chunks,
        Behind::Request,
        Behind::LaterRequest,
        Behind::UnreadBody,
        Behind::HalfBody,
    ];

    fn segment(self) -> String {
        let post = |path: &str, rest: &str| format!("POST {path} HTTP/1.1\r\nhost: test\r\n{rest}");
        match self {
            Behind::Nothing | Behind::LaterRequest => GET.to_owned(),
            Behind::Body => post("/read", "content-length: 5\r\n\r\nhello"),
            Behind::Chunks => post(
                "/read",
                "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ),
            Behind::Request => [GET, NEXT].concat(),
            Behind::UnreadBody => post("/held", "content-length: 5\r\n\r\nhello"),
            Behind::HalfBody => post("/held", "content-length: 10\r\n\r\nhello"),
        }
    }
}

impl Client {
    const ALL: [Client; 4] = [
        Client::StaysOpen,
        Client::Closes,
        Client::HalfCloses,
        Client::Resets,
    ];
}

/// What the test and the handlers share.
#[derive(Clone)]
struct Held {
    begun: mpsc::UnboundedSender<Arc<Semaphore>>,
}

/// Adds a permit when it is dropped.
struct Gone(Arc<Semaphore>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Held {
    async fn wait(&self) {
        let gone = Arc::new(Semaphore::new(0));
        let _gone = Gone(Arc::clone(&gone));
        let _ = self.begun.send(gone);
        std::future::pending::<()>().await;
    }
}

fn routes() -> (Router, mpsc::UnboundedReceiver<Arc<Semaphore>>) {
    let (begun, begins) = mpsc::unbounded_channel();
    let held = Held { begun };
    let reads = held.clone();
    let router = Router::new()
        .route("/hello", get(async || "hello"))
        .route(
            "/held",
            any(async move |body: Body| {
                held.wait().await;
                drop(body);
            }),
        )
        .route(
            "/read",
            any(async move |body: Body| {
                let read = body.collect().await.expect("it comes");
                assert_eq!(&read.to_bytes()[..], b"hello");
                reads.wait().await;
            }),
        );
    (router, begins)
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A client's end of a connection, and the way to reset it.
type End = (Box<dyn Stream>, Box<dyn FnOnce()>);

struct Server {
    socket: Socket,
    fixture: Fixture,
    begins: mpsc::UnboundedReceiver<Arc<Semaphore>>,
    path: PathBuf,
    #[cfg(feature = "tls")]
    authority: Authority,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start(socket: Socket) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let (router, begins) = routes();
        #[cfg(feature = "tls")]
        let authority = Authority::new();
        let server = match socket {
            Socket::Tcp => http::Server::new(ANY_PORT, router),
            Socket::Unix => http::Server::new(Listen::unix(&path), router),
            #[cfg(feature = "tls")]
            Socket::Tls => http::Server::new(ANY_PORT, router).tls(authority.server().tls()),
        };
        Server {
            socket,
            fixture: Fixture::start(server).await,
            begins,
            path,
            #[cfg(feature = "tls")]
            authority,
            _folder: folder,
        }
    }

    async fn connect_tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.fixture.address).await;
        stream.expect("it accepts")
    }

    async fn connect(&self) -> End {
        match self.socket {
            Socket::Tcp => {
                let stream = self.connect_tcp().await;
                let reset = resets(&stream);
                (Box::new(stream), reset)
            }
            // A close is all that it knows.
            Socket::Unix => {
                let stream = UnixStream::connect(&self.path).await.expect("it accepts");
                (Box::new(stream), Box::new(|| ()))
            }
            #[cfg(feature = "tls")]
            Socket::Tls => {
                let client = tls::Client::of(&self.authority, None, &["http/1.1"]);
                let stream = client.connect(self.fixture.address).await;
                let stream = stream.expect("it accepts");
                let reset = resets(stream.get_ref().0);
                (Box::new(stream), reset)
            }
        }
    }

    /// The next handler that waits; the semaphore has a permit once it is dropped.
    async fn next_held(&mut self) -> Arc<Semaphore> {
        let begun = timeout(PATIENCE, self.begins.recv()).await;
        begun.expect("it begins").expect("the routes live")
    }

    /// Whether the handler is dropped when the client acts, with these bytes behind the head.
    async fn drops(&mut self, behind: Behind, client: Client) -> bool {
        let (mut stream, reset) = self.connect().await;
        send(&mut stream, &behind.segment()).await;
        let gone = self.next_held().await;
        if behind == Behind::LaterRequest {
            send(&mut stream, NEXT).await;
            self.round_trips().await;
        }
        // It holds the socket, too.
        let reset = (client == Client::Resets).then_some(reset);
        let mut open = None;
        match client {
            Client::StaysOpen => open = Some(stream),
            Client::Closes => drop(stream),
            Client::HalfCloses => {
                stream.shutdown().await.expect("it is open");
                open = Some(stream);
            }
            Client::Resets => {
                reset.into_iter().for_each(|reset| reset());
                drop(stream);
            }
        }
        self.round_trips().await;
        let is_dropped = gone.available_permits() > 0;
        drop(open);
        is_dropped
    }

    /// This runtime has one thread, and the system reports sockets in the order in which they became
    /// ready: when other clients have their answers, the server has seen all that came before.
    async fn round_trips(&self) {
        for _ in 0..3 {
            hello(self.connect().await.0).await;
        }
    }
}

/// Makes the close of this stream a reset.
fn resets(stream: &TcpStream) -> Box<dyn FnOnce()> {
    let socket = socket2::SockRef::from(stream).try_clone().expect("a copy");
    Box::new(move || {
        socket.set_linger(Some(Duration::ZERO)).expect("an option");
    })
}

async fn send(stream: &mut impl Stream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("it reads");
    stream.flush().await.expect("it reads");
}

async fn hello(mut stream: impl Stream) {
    let request = "GET /hello HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    send(&mut stream, request).await;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    assert!(answer.ends_with("hello"), "{answer}");
}

/// Whether the handler is dropped. It is not while bytes are unread, because the client's end stands
/// behind them; but over TLS a reset is seen if hyper has read them ahead, which is a matter of time
/// (`None`). A client that closes there without having read its session tickets resets, too.
fn is_dropped(socket: Socket, behind: Behind, client: Client) -> Option<bool> {
    match behind {
        Behind::Nothing | Behind::Body | Behind::Chunks | Behind::UnreadBody => {
            Some(client != Client::StaysOpen)
        }
        #[cfg(feature = "tls")]
        Behind::LaterRequest if socket == Socket::Tls => {
            let resets = matches!(client, Client::Closes | Client::Resets);
            (!resets).then_some(false)
        }
        Behind::Request | Behind::LaterRequest | Behind::HalfBody => Some(false),
    }
}

async fn check(socket: Socket) {
    let mut server = Server::start(socket).await;
    for behind in Behind::ALL {
        for client in Client::ALL {
            let drops = server.drops(behind, client).await;
            let case = format!("{socket:?}: {behind:?} is behind the head, the client {client:?}");
            let expected = is_dropped(socket, behind, client);
            assert_eq!(drops, expected.unwrap_or(drops), "{case}");
        }
    }
}

#[tokio::test]
async fn a_handler_is_dropped_when_its_client_of_tcp_goes() {
    check(Socket::Tcp).await;
}

#[tokio::test]
async fn a_handler_is_dropped_when_its_client_of_a_unix_socket_goes() {
    check(Socket::Unix).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_handler_is_dropped_when_its_client_of_tls_goes() {
    check(Socket::Tls).await;
}

/// The second of two requests in a segment has nothing behind it.
#[tokio::test]
async fn the_last_of_pipelined_requests_is_dropped_when_its_client_goes() {
    let mut server = Server::start(Socket::Tcp).await;
    let mut stream = server.connect_tcp().await;
    let hello = "GET /hello HTTP/1.1\r\nhost: test\r\n\r\n";
    let requests = [hello, GET].concat();
    send(&mut stream, &requests).await;
    let gone = server.next_held().await;
    drop(stream);
    let gone = timeout(PATIENCE, gone.acquire()).await;
    drop(gone.expect("it is dropped"));
}

/// A response whose only part never comes, after `before`.
fn pending_response(
    held: Held,
    before: impl Future<Output = ()> + Send + 'static,
) -> axum::response::Response {
    let part = Mutex::new(Some(async move {
        before.await;
        held.wait().await;
        Ok::<_, Infallible>(Bytes::new())
    }));
    let take = move |()| part.lock().unwrap().take().expect("asked once");
    let parts = tokio_stream::once(()).then(take);
    axum::response::Response::new(Body::from_stream(parts))
}

const SIZED: &str = "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED: &str =
    "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

/// Serves these routes on connections whose tasks no timer wakes: that would show the client's going,
/// too, though late.
async fn serve(router: Router) -> Fixture {
    let options = ConnectionOptions {
        first_byte: Duration::MAX,
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, router);
    Fixture::start(server.connections(options)).await
}

/// Lets a client send a request with a body to this route, and go when the response waits.
async fn expect_drop(request: &str, route: impl FnOnce(Held) -> MethodRouter) {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let router = Router::new().route("/", route(Held { begun }));
    let fixture = serve(router).await;
    let mut stream = TcpStream::connect(fixture.address).await.expect("accepted");
    send(&mut stream, request).await;
    let gone = timeout(PATIENCE, begins.recv()).await;
    let gone = gone.expect("it begins").expect("the route lives");
    drop(stream);
    let gone = timeout(PATIENCE, gone.acquire()).await;
    drop(gone.expect("it is dropped"));
}

#[tokio::test]
async fn a_response_that_waits_is_dropped_though_its_handler_left_the_body_unread() {
    let route = |held| post(async move || pending_response(held, async {}));
    for request in [SIZED, CHUNKED] {
        expect_drop(request, route).await;
    }
}

#[tokio::test]
async fn a_response_that_has_read_the_body_itself_is_dropped() {
    let route = |held| {
        post(async move |body: Body| {
            pending_response(held, async move {
                body.collect().await.expect("it comes");
            })
        })
    };
    for request in [SIZED, CHUNKED] {
        expect_drop(request, route).await;
    }
}

/// The end of the body does not wake the connection's task.
#[tokio::test]
async fn a_handler_is_dropped_whose_body_was_read_in_another_task() {
    let (begun, mut begins) = mpsc::unbounded_channel();
    let held = Held { begun };
    let (bodies, mut given) = mpsc::unbounded_channel::<Body>();
    let route = post(async move |body: Body| {
        let _ = bodies.send(body);
        held.wait().await;
    });
    let router = Router::new().route("/", route);
    let fixture = serve(router).await;
    let mut stream = TcpStream::connect(fixture.address).await.expect("accepted");
    let (most, end) = CHUNKED.split_at(CHUNKED.len() - 5);
    send(&mut stream, most).await;
    let gone = timeout(PATIENCE, begins.recv()).await;
    let gone = gone.expect("it begins").expect("the route lives");
    let mut body = given.recv().await.expect("it is given");
    body.frame().await.expect("a part").expect("it comes");
    send(&mut stream, end).await;
    assert!(body.frame().await.is_none());
    drop(stream);
    let gone = timeout(PATIENCE, gone.acquire()).await;
    drop(gone.expect("it is dropped"));
}
