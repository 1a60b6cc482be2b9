//! Addresses that no two tests share.

use std::net::{Ipv4Addr, SocketAddr};

use crate::Context;

/// A value of the application ([`Context::app`](crate::Context::app)) for tests: a server binds a free
/// port of 127.0.0.1 in place of the IP address and the port that it was given. Unix sockets, and
/// listeners that the server was given, stay as they are.
///
/// `kit_app::testing::TestApp` adds it. A server of yours that binds a socket should ask for it, too:
///
/// ```
/// use std::net::SocketAddr;
///
/// use kit_transport::{Context, FreePorts};
///
/// fn address(ctx: &Context, configured: SocketAddr) -> SocketAddr {
///     FreePorts::or(ctx, configured)
/// }
/// # use kit_sync::TaskTree;
/// # use kit_transport::Lifecycle;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let tree = TaskTree::new("test");
/// # let (_life, seen) = tokio::sync::watch::channel(Lifecycle::new());
/// # let ctx = Context::new(tree.scope().child("udp"), seen);
/// # let configured = SocketAddr::from(([0, 0, 0, 0], 53));
/// # assert_eq!(address(&ctx, configured), configured);
/// # let mut values = kit_transport::Values::new();
/// # values.insert(FreePorts);
/// # let ctx = ctx.with_app_values(values);
/// # assert_eq!(address(&ctx, configured), SocketAddr::from(([127, 0, 0, 1], 0)));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FreePorts;

impl FreePorts {
    /// A free port of 127.0.0.1 where the application asks for that, else the configured address.
    #[must_use]
    pub fn or(ctx: &Context, configured: SocketAddr) -> SocketAddr {
        match ctx.app::<FreePorts>() {
            Some(FreePorts) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            None => configured,
        }
    }
}
