//! From where a server is listening to where others are told to reach it: the only place where
//! the two meet.

use std::io;
use std::net::{IpAddr, SocketAddr};

use kit_registry::Endpoint;
use kit_transport::{Address, Listening};

use crate::Error;

/// What the author said about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advertise {
    /// Instead of everything that is found.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Instead of the listening host.
    pub(crate) host: Option<String>,
}

impl Advertise {
    /// Explicit endpoints, else the advertise host, else the listening address; an unspecified one
    /// becomes that of an interface. Unix sockets are not advertised.
    pub(crate) fn endpoints(
        &self,
        listening: &[Listening],
        interfaces: impl Fn() -> io::Result<Vec<IpAddr>>,
    ) -> Result<Vec<Endpoint>, Error> {
        if !self.endpoints.is_empty() {
            return Ok(self.endpoints.clone());
        }
        let reachable = listening
            .iter()
            .filter_map(|listening| match listening.address() {
                Address::Ip(address) => Some((listening, *address)),
                _ => None,
            });
        reachable
            .map(|(listening, address)| self.endpoint(listening, address, &interfaces))
            .collect()
    }

    fn endpoint(
        &self,
        listening: &Listening,
        address: SocketAddr,
        interfaces: &impl Fn() -> io::Result<Vec<IpAddr>>,
    ) -> Result<Endpoint, Error> {
        let impossible = |why: String| Error::Advertise {
            listening: listening.to_string(),
            why,
        };
        let host = match &self.host {
            Some(host) => host.clone(),
            None if address.ip().is_unspecified() => {
                let found = interfaces().map_err(|error| {
                    impossible(format!("the interfaces could not be listed: {error}"))
                })?;
                let host = best(&found).ok_or_else(|| {
                    impossible(
                        "no interface that is up has a global address; say which host others \
                         should use with advertise_host"
                            .to_owned(),
                    )
                })?;
                host.to_string()
            }
            None => address.ip().to_string(),
        };
        Endpoint::new(listening.scheme(), &host, address.port())
            .map_err(|error| impossible(error.to_string()))
    }
}

/// The addresses of the interfaces that are up, in the system's order.
pub(crate) fn interfaces() -> io::Result<Vec<IpAddr>> {
    let mut interfaces = if_addrs::get_if_addrs()?;
    interfaces.retain(if_addrs::Interface::is_oper_up);
    interfaces.sort_by_key(|interface| interface.index);
    Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
}

/// The first global address, IPv4 before IPv6.
fn best(addresses: &[IpAddr]) -> Option<IpAddr> {
    let global = || {
        addresses
            .iter()
            .copied()
            .filter(|address| is_global_unicast(*address))
    };
    global().find(IpAddr::is_ipv4).or_else(|| global().next())
}

// In Go's sense, as Kratos uses it: private ranges count, loopback, link-local and multicast not.
fn is_global_unicast(address: IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(link_local || address.is_loopback() || address.is_multicast() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(
        advertise: &Advertise,
        address: &str,
        found: &[&str],
    ) -> Result<Vec<String>, Error> {
        let listening = [
            Listening::tcp("http", address.parse().unwrap()),
            Listening::unix("http", "service.sock"),
        ];
        let found: Vec<IpAddr> = found.iter().map(|ip| ip.parse().unwrap()).collect();
        let endpoints = advertise.endpoints(&listening, || Ok(found.clone()))?;
        Ok(endpoints.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_listening_address_is_advertised_and_a_unix_socket_is_not() {
        let advertise = Advertise::default();
        assert_eq!(
            endpoints(&advertise, "127.0.0.1:80", &[]).unwrap(),
            ["http://127.0.0.1:80"]
        );
        assert_eq!(
            endpoints(&advertise, "[::1]:80", &[]).unwrap(),
            ["http://[::1]:80"]
        );
    }

    #[test]
    fn an_unspecified_address_becomes_that_of_an_interface_ipv4_first() {
        let found = [
            "127.0.0.1",
            "fe80::1",
            "fd00::7",
            "169.254.0.1",
            "10.0.0.7",
            "10.0.0.8",
        ];
        let advertise = Advertise::default();
        assert_eq!(
            endpoints(&advertise, "0.0.0.0:80", &found).unwrap(),
            ["http://10.0.0.7:80"]
        );
        assert_eq!(
            endpoints(&advertise, "[::]:80", &found[..3]).unwrap(),
            ["http://[fd00::7]:80"]
        );
    }

    #[test]
    fn no_address_is_an_error_that_says_what_to_do() {
        let error = endpoints(&Advertise::default(), "0.0.0.0:80", &["127.0.0.1"]).unwrap_err();
        assert!(error.to_string().contains("http://0.0.0.0:80"), "{error}");
        assert!(error.to_string().contains("advertise_host"), "{error}");
    }

    #[test]
    fn the_authors_host_and_endpoints_win() {
        let host = Some("node7.example".to_owned());
        let mut advertise = Advertise {
            endpoints: Vec::new(),
            host,
        };
        assert_eq!(
            endpoints(&advertise, "0.0.0.0:80", &[]).unwrap(),
            ["http://node7.example:80"]
        );
        advertise.endpoints = vec!["https://example.com:443".parse().unwrap()];
        assert_eq!(
            endpoints(&advertise, "0.0.0.0:80", &[]).unwrap(),
            ["https://example.com:443"]
        );
    }
}
