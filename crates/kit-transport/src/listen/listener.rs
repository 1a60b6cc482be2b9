//! A server's listener, whatever it listens at.

use std::io;
use std::net::Ipv4Addr;

use crate::listen::at::At;
use crate::listen::queue::Accepted;
use crate::listen::tcp::TcpSockets;
use crate::listen::unix::UnixSockets;
use crate::{Address, Context, FreePorts, HandOver, Inherited, Listen, Listening, StartError};

/// A listener, and what becomes of its address in the end.
#[derive(Debug)]
pub(crate) struct Listener {
    sockets: Sockets,
    address: Address,
    hand_over: HandOver,
}

#[derive(Debug)]
enum Sockets {
    Tcp(TcpSockets),
    Unix(UnixSockets),
}

impl Listener {
    /// Binds or takes the place that `at` names, and then reads the address, because the system has
    /// chosen the port where it was 0. An error of the system names the place as the user wrote it.
    pub(crate) async fn bind(listen: &Listen, ctx: &Context) -> Result<Listener, StartError> {
        let failed = |source| StartError::listen(listen.to_string(), source);
        let sockets = match &listen.at {
            At::Unusable(error) => return Err(error.clone().into()),
            At::Address(_) | At::Everywhere(_) | At::Localhost(_)
                if ctx.app::<FreePorts>().is_some() =>
            {
                TcpSockets::bind((Ipv4Addr::LOCALHOST, 0).into(), listen).map(Sockets::Tcp)
            }
            At::Address(address) => TcpSockets::bind(*address, listen).map(Sockets::Tcp),
            At::Everywhere(port) => TcpSockets::bind_everywhere(*port, listen).map(Sockets::Tcp),
            At::Localhost(port) => TcpSockets::bind_localhost(*port, listen).map(Sockets::Tcp),
            At::Unix(path) => UnixSockets::bind(path, listen).await.map(Sockets::Unix),
            At::Existing(existing) => {
                let listener = existing.take().ok_or(StartError::ListenerTaken)?;
                Sockets::from_outside(listener, listen)
            }
            At::Inherited(wanted) => {
                let claimed = ctx.claim_inherited(wanted);
                let listener = claimed.map_err(|why| StartError::NotInherited {
                    listener: wanted.to_string(),
                    why,
                })?;
                Sockets::from_outside(listener, listen)
            }
        };
        let sockets = sockets.map_err(failed)?;
        Ok(Listener {
            address: sockets.address().map_err(failed)?,
            sockets,
            hand_over: listen.hand_over,
        })
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// What the server reports to the application.
    pub(crate) fn listening(&self, scheme: &'static str) -> Listening {
        let listening = Listening::new(scheme, self.address.clone());
        match &self.sockets {
            Sockets::Tcp(listener) if listener.is_only_ipv6() => listening.only_ipv6(),
            _ => listening,
        }
    }

    /// # Cancel safety
    /// Dropping it loses no connection.
    pub(crate) async fn accept(&self) -> io::Result<Accepted> {
        match &self.sockets {
            Sockets::Tcp(listener) => listener.accept().await,
            Sockets::Unix(listener) => listener.accept().await,
        }
    }

    /// Closes the listener, after it has accepted the connections in its queue, which the system
    /// would reset.
    pub(crate) fn sweep(self, connect: impl FnMut(Accepted)) {
        match self.sockets {
            Sockets::Tcp(listener) => listener.sweep(connect),
            Sockets::Unix(listener) => listener.sweep(connect),
        }
    }

    /// Sends new connections to the process that has bound the address after this one.
    pub(crate) fn steer(&self, ctx: &Context) {
        if let Sockets::Tcp(listener) = &self.sockets
            && let Err(error) = listener.steer_to_second()
        {
            let listening = &self.address;
            ctx.remark(format!(
                "new connections at {listening} cannot be steered to the successor, and the kernel \
                 divides them: {error}"
            ));
        }
    }

    pub(crate) fn hand_over(&self) -> HandOver {
        self.hand_over
    }
}

impl Sockets {
    fn from_outside(listener: Inherited, listen: &Listen) -> io::Result<Sockets> {
        match listener {
            Inherited::Tcp(listener) => {
                TcpSockets::from_outside(listener, listen).map(Sockets::Tcp)
            }
            #[cfg(unix)]
            Inherited::Unix(listener) => UnixSockets::from_outside(listener).map(Sockets::Unix),
        }
    }

    fn address(&self) -> io::Result<Address> {
        match self {
            Sockets::Tcp(listener) => listener.address(),
            Sockets::Unix(listener) => Ok(listener.address()),
        }
    }
}
