//! The form in which tonic keeps what it knows of an encrypted connection. It can only be made from
//! the connection's stream.

use tokio_rustls::server::TlsStream;
use tonic::transport::server::{Connected, TcpConnectInfo, TlsConnectInfo};

use crate::wire::plain::Plain;

pub(crate) type ConnectInfo = TlsConnectInfo<TcpConnectInfo>;

pub(crate) fn connect_info(stream: &TlsStream<Plain>) -> ConnectInfo {
    stream.connect_info()
}

impl Connected for Plain {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        match self {
            Plain::Tcp(stream) => stream.connect_info(),
            _ => TcpConnectInfo {
                local_addr: None,
                remote_addr: None,
            },
        }
    }
}
