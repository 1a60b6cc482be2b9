//! The generated client.

use std::net::SocketAddr;
use std::pin::Pin;

use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::{PATIENCE, poll_pending};
use proto::HelloRequest;
use proto::greeter_client::GreeterClient;

#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    reason = "generated"
)]
mod proto {
    tonic::include_proto!("helloworld.v1");
}

/// The greeter, asked over one connection.
pub(crate) struct Greeter(GreeterClient<Channel>);

/// A call that goes on.
pub(crate) type Call = Pin<Box<dyn Future<Output = Result<String, Status>>>>;

/// A new connection.
pub(crate) async fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let endpoint = endpoint.connect_timeout(PATIENCE).timeout(PATIENCE);
    endpoint.connect().await.expect("it accepts")
}

impl Greeter {
    pub(crate) fn new(channel: Channel) -> Greeter {
        Greeter(GreeterClient::new(channel))
    }

    pub(crate) async fn hello(&self, name: &str) -> Result<String, Status> {
        self.call(name, "").await
    }

    pub(crate) async fn hello_after(&self, name: &str, delay: &str) -> Result<String, Status> {
        self.call(name, delay).await
    }

    /// A call that is in flight when this returns: a later one on the same connection has been
    /// answered.
    pub(crate) async fn begin(&self, name: &str, delay: &str) -> Call {
        let mut call = self.call(name, delay);
        assert!(poll_pending(&mut call).await);
        self.hello("later").await.expect("an answer");
        assert!(poll_pending(&mut call).await);
        call
    }

    fn call(&self, name: &str, delay: &str) -> Call {
        let mut client = self.0.clone();
        let request = HelloRequest {
            name: name.to_owned(),
            delay: delay.to_owned(),
        };
        Box::pin(async move {
            let reply = client.say_hello(request).await?;
            Ok(reply.into_inner().message)
        })
    }
}
