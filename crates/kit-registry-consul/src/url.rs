//! `consul://token@host:port/?dc=…&tag=…&ttl=20s&remove_after=10m`.

use std::fmt;
use std::time::Duration;

use kit_registry::{Error, Parameters, RegistryUrl};

use super::transport::Transport;
use super::{tags, tls};

const PORT: u16 = 8500;
const ENCRYPTED_PORT: u16 = 8501;
/// Those of Kratos.
const TTL_SECONDS: u64 = 20;
const REMOVE_AFTER_SECONDS: u64 = 600;
/// The beginnings of tags that the entry has for itself.
const RESERVED: [&str; 3] = [tags::VERSION, tags::WHOLE, tags::OWNER];

/// The parts of the URL.
#[derive(Debug)]
pub(crate) struct Options {
    /// `host:port`.
    pub(crate) address: String,
    pub(crate) token: Option<Token>,
    pub(crate) transport: Transport,
    pub(crate) datacenter: Option<String>,
    pub(crate) service: ServiceOptions,
}

/// What the instances that are registered have in common.
#[derive(Debug, Clone)]
pub(crate) struct ServiceOptions {
    pub(crate) tags: Vec<String>,
    pub(crate) ttl: Duration,
    pub(crate) remove_after: Duration,
}

/// A secret: `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Checks the scheme first, as it decides which parameters there are and which port is the default; then
/// each part alone. The first fault is the error.
pub(crate) fn parse(url: &str) -> Result<Options, Error> {
    let url = RegistryUrl::parse(url)?;
    let is_encrypted = match url.scheme() {
        "consul" => false,
        "consuls" => true,
        other => return Err(url.wrong("beginning", other, "consul://host:port")),
    };
    const NAMES: [&str; 4] = ["dc", "tag", "ttl", "remove_after"];
    let parameters = match is_encrypted {
        true => url.parameters(&[&NAMES[..], tls::PARAMETERS].concat())?,
        false => url.parameters(&NAMES)?,
    };
    let addresses = url.addresses(if is_encrypted { ENCRYPTED_PORT } else { PORT })?;
    let [address] = <[String; 1]>::try_from(addresses).map_err(|all| {
        let expected = "one host:port, of the agent on this machine";
        url.wrong("endpoint", all.join(","), expected)
    })?;
    if !matches!(url.path(), "" | "/") {
        return Err(url.wrong(
            "path",
            url.path(),
            "empty, as in consul://host:8500/?dc=dc1",
        ));
    }
    Ok(Options {
        address,
        token: token(&url)?,
        transport: match is_encrypted {
            true => Transport::encrypted(&parameters)?,
            false => Transport::plain(),
        },
        datacenter: parameters.get("dc")?.map(str::to_owned),
        service: ServiceOptions {
            tags: free_tags(&parameters)?,
            ttl: parameters.seconds("ttl", TTL_SECONDS, 2..=86_400, "from 2s to 24h, as in 20s")?,
            remove_after: parameters.seconds(
                "remove_after",
                REMOVE_AFTER_SECONDS,
                60..=604_800,
                "from 1m to 168h, as in 10m",
            )?,
        },
    })
}

/// The tags of the URL, none of which may begin as one that the entry has for itself.
fn free_tags(parameters: &Parameters<'_>) -> Result<Vec<String>, Error> {
    let is_free = |tag: &str| !tag.is_empty() && RESERVED.iter().all(|own| !tag.starts_with(own));
    let checked = parameters.all("tag").map(|tag| match is_free(tag) {
        true => Ok(tag.to_owned()),
        false => {
            let expected = "a text of one character or more that begins with none of `version=`, `kit=` and `kit-owner=`";
            Err(parameters.wrong("tag", tag, expected))
        }
    });
    checked.collect()
}

fn token(url: &RegistryUrl<'_>) -> Result<Option<Token>, Error> {
    let Some(login) = url.login()? else {
        return Ok(None);
    };
    let is_header = login.user.bytes().all(|b| b.is_ascii_graphic());
    if login.password.is_some() || !is_header {
        return Err(url.wrong(
            "token",
            "***",
            "one text without ':' and spaces before the '@'",
        ));
    }
    Ok(Some(Token(login.user)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default_but_the_host() {
        let options = parse("consul://h").unwrap();
        assert_eq!(options.address, "h:8500");
        assert!(options.token.is_none() && options.datacenter.is_none());
        let service = options.service;
        assert!(service.tags.is_empty());
        assert_eq!(service.ttl, Duration::from_secs(20));
        assert_eq!(service.remove_after, Duration::from_secs(600));
    }

    #[test]
    fn all_parts_are_parsed() {
        let options = parse("consul://sec%2Fret@[::1]:1/?dc=d&tag=a&tag=b&ttl=3s&remove_after=2h");
        let options = options.unwrap();
        assert_eq!(options.address, "[::1]:1");
        assert_eq!(options.token.as_ref().unwrap().0, "sec/ret");
        assert_eq!(options.datacenter.as_deref(), Some("d"));
        assert_eq!(options.service.tags, ["a", "b"]);
        assert_eq!(options.service.ttl, Duration::from_secs(3));
        assert_eq!(options.service.remove_after, Duration::from_secs(7_200));
        assert!(!format!("{options:?}").contains("sec/ret"));
    }

    #[test]
    fn a_wrong_part_is_named_and_no_token_is_shown() {
        for (url, part) in [
            ("consul:h:1", "beginning"),
            ("consulx://h", "beginning"),
            ("consul://h1,h2", "endpoint"),
            ("consul://", "endpoint"),
            ("consul://h/path", "path"),
            ("consul://user:secret@h", "token"),
            ("consul://sec%20ret@h", "token"),
            ("consul://sec/ret@h", "user and password"),
            ("consul://h?ttl=1s", "ttl"),
            ("consul://h?remove_after=30s", "remove_after"),
            ("consul://h?tag=", "tag"),
            ("consul://h?tag=blue&tag=kit-owner%3D1", "tag"),
            ("consul://h?tag=kit=1", "tag"),
            ("consul://h?tag=version=1", "tag"),
            ("consul://h?tags=a", "unknown parameter \"tags\""),
            ("consul://h?token=secret", "unknown parameter \"token\""),
            ("consul://h?ca=/x", "unknown parameter \"ca\""),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.starts_with(part), "{url}: {error}");
            assert!(!error.contains("sec"), "{url}: {error}");
        }
    }
}
