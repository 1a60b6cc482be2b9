//! One request of HTTP, and its answer.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends a request of HTTP/1.1 over a new connection, such as `ask(&address, "POST /orders", "tea")`,
/// and gives the whole answer: head and body.
///
/// # Panics
/// When it is not answered.
pub async fn ask(address: &str, method_and_path: &str, body: &str) -> String {
    let length = body.len();
    let request = format!(
        "{method_and_path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut client = TcpStream::connect(address).await.expect("it listens");
    client
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = String::new();
    client
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    answer
}
