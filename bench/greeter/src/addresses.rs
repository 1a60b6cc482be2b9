//! The command line.

use std::net::{Ipv4Addr, SocketAddr};

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Address for HTTP; port 0 takes a free one.
    pub http: SocketAddr,
    /// Address for gRPC; port 0 takes a free one.
    pub grpc: SocketAddr,
}

impl Addresses {
    /// The addresses that the arguments of the process name; one that they do not name is a free port of
    /// `127.0.0.1`.
    ///
    /// # Errors
    ///
    /// A flag that does not exist, one without its address, or a text that is no address.
    pub fn of_process() -> Result<Self, String> {
        Self::parse(std::env::args().skip(1))
    }

    /// The addresses that these arguments name, for a program that has flags beside them and has taken
    /// those out.
    ///
    /// # Errors
    ///
    /// As those of [`of_process`](Self::of_process).
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut this = Self {
            http: free,
            grpc: free,
        };
        while let Some(flag) = arguments.next() {
            let address = match flag.as_str() {
                "--http" => &mut this.http,
                "--grpc" => &mut this.grpc,
                _ => return Err(format!("there is no `{flag}`, but --http and --grpc")),
            };
            let text = arguments
                .next()
                .ok_or_else(|| format!("{flag} needs an address, such as 127.0.0.1:8000"))?;
            *address = text.parse().map_err(|_| {
                format!("{flag}: `{text}` is no address; 127.0.0.1:8000 would be one")
            })?;
        }
        Ok(this)
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    fn parse(line: &str) -> Result<Addresses, String> {
        Addresses::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_not_named_is_a_free_port() {
        let addresses = parse("--grpc 127.0.0.2:9000").expect("an address");
        assert_eq!(addresses.http.to_string(), "127.0.0.1:0");
        assert_eq!(addresses.grpc.to_string(), "127.0.0.2:9000");
    }

    #[test]
    fn a_wrong_argument_is_named() {
        for (line, wrong) in [
            ("--htpp 127.0.0.1:0", "`--htpp`"),
            ("--http", "--http needs"),
            ("--grpc :9000", "`:9000`"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(wrong), "{error}");
        }
    }
}
