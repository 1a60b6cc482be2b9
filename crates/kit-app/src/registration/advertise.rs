//! From the address at which a server listens to the endpoint that is advertised: the only place
//! where the two meet.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kit_registry::Endpoint;
use kit_transport::{Address, Listening};
use kit_units::WrongOption;

use crate::Error;

/// The options about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Advertise {
    /// Instead of everything that is found.
    pub(crate) endpoints: Vec<Endpoint>,
    /// Instead of the listening host.
    pub(crate) host: Option<String>,
}

/// The endpoints that registries show, and those of them that only this machine can reach.
#[derive(Debug, Default)]
pub(crate) struct Advertised {
    pub(crate) endpoints: Vec<Endpoint>,
    /// Those of `endpoints` that name the reading machine wherever they are read: loopback.
    pub(crate) loopback: Vec<Endpoint>,
    /// How each of these came about, and its remedy.
    pub(crate) why: Vec<String>,
}

/// Refuses a host that stands in no URL, before anything listens.
pub(crate) fn refuse_host(host: &str) -> Option<WrongOption> {
    let is_wrong = Endpoint::new("http", host, 80).is_err();
    let expected = "a host name or an IP address, without scheme, port or spaces";
    WrongOption::refuse_if(is_wrong, "advertise_host", format!("{host:?}"), expected)
}

impl Advertise {
    /// Explicit endpoints, else the advertise host, else the listening address; an unspecified one
    /// becomes that of an interface, in a family at which the server listens, and loopback when
    /// there is none. Unix sockets and private servers are not advertised.
    ///
    /// # Errors
    /// An endpoint that cannot be written; interfaces that cannot be listed, when others are to
    /// read the result.
    pub(crate) fn endpoints(
        &self,
        listening: &[Listening],
        interfaces: impl Fn() -> io::Result<Vec<IpAddr>>,
        seen_by_others: bool,
    ) -> Result<Advertised, Error> {
        let mut advertised = Advertised::default();
        if !self.endpoints.is_empty() {
            for endpoint in &self.endpoints {
                advertised.add(endpoint.clone(), || {
                    format!("`endpoint` was set to {endpoint}")
                });
            }
            return Ok(advertised);
        }
        for listening in listening.iter().filter(|listening| !listening.is_private()) {
            let Address::Ip(address) = listening.address() else {
                continue;
            };
            let host = self
                .host(listening, address.ip().to_canonical(), &interfaces)
                .or_else(|why| {
                    if seen_by_others {
                        return Err(why);
                    }
                    tracing::debug!(%listening, %why, "advertised as loopback, inside the process");
                    Ok((loopback(listening, address.ip()).to_string(), why))
                });
            let impossible = |why: String| Error::Advertise {
                listening: listening.to_string(),
                why,
            };
            let (host, why) = host.map_err(impossible)?;
            let endpoint = Endpoint::new(listening.scheme(), &host, address.port())
                .map_err(|error| impossible(error.to_string()))?;
            advertised.add(endpoint, || why);
        }
        Ok(advertised)
    }

    /// The host for one listening address, and why it is loopback if it is.
    fn host(
        &self,
        listening: &Listening,
        ip: IpAddr,
        interfaces: &impl Fn() -> io::Result<Vec<IpAddr>>,
    ) -> Result<(String, String), String> {
        if let Some(host) = &self.host {
            return Ok((host.clone(), format!("`advertise_host` was set to {host}")));
        }
        if !ip.is_unspecified() {
            let why = format!(
                "{listening} is for this machine alone; a server for others listens at an address \
                 of theirs, or at every interface (`:8000`)"
            );
            return Ok((ip.to_string(), why));
        }
        let found =
            interfaces().map_err(|error| format!("the interfaces could not be listed: {error}"))?;
        let takes = |address: &IpAddr| match ip {
            IpAddr::V4(_) => address.is_ipv4(),
            IpAddr::V6(_) => address.is_ipv6() || !listening.is_only_ipv6(),
        };
        let right: Vec<_> = found.iter().copied().filter(takes).collect();
        if let Some(best) = best(&right) {
            return Ok((best.to_string(), String::new()));
        }
        let why = match best(&found) {
            None => format!(
                "{listening}: no interface that is up has a global address; `advertise_host` says \
                 which host others should use"
            ),
            Some(other) => format!(
                "{listening} takes one family, and the interfaces have global addresses of the \
                 other one alone, such as {other}; a server at `:8000` takes both"
            ),
        };
        Ok((loopback(listening, ip).to_string(), why))
    }
}

impl Advertised {
    fn add(&mut self, endpoint: Endpoint, why: impl FnOnce() -> String) {
        if names_this_machine(endpoint.host()) {
            let why = why();
            if !self.why.contains(&why) {
                self.why.push(why);
            }
            self.loopback.push(endpoint.clone());
        }
        self.endpoints.push(endpoint);
    }
}

/// The address at which this machine reaches what listens at an unspecified address; that of IPv4
/// is there also when IPv6 is disabled.
fn loopback(listening: &Listening, ip: IpAddr) -> IpAddr {
    if ip.is_ipv6() && listening.is_only_ipv6() {
        return Ipv6Addr::LOCALHOST.into();
    }
    Ipv4Addr::LOCALHOST.into()
}

/// Whether a host is another one for each machine that reads it.
fn names_this_machine(host: &str) -> bool {
    if let Ok(ip) = host.parse::<IpAddr>() {
        let ip = ip.to_canonical();
        return ip.is_loopback() || ip.is_unspecified();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
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
mod tests;
