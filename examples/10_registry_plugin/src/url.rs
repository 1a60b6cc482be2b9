//! The URL of a registry in Redis.

use std::time::Duration;

use kit_registry::{Error, RegistryUrl};
use redis::RedisConnectionInfo;

// ANCHOR: options
pub(crate) struct Options {
    pub(crate) address: String,
    pub(crate) login: RedisConnectionInfo,
    pub(crate) ttl: Duration,
}

pub(crate) fn parse(url: &str) -> Result<Options, Error> {
    let url = RegistryUrl::parse(url)?;
    let [address] = <[String; 1]>::try_from(url.addresses(6379)?)
        .map_err(|all| url.wrong("hosts", all.join(","), "one, as in host:6379"))?;
    let number = match url.path() {
        "" | "/" => "0",
        path => &path[1..],
    };
    let database = number.parse::<u16>();
    let database = database.map_err(|_| url.wrong("path", number, "a number, as in /0"))?;
    let mut login = RedisConnectionInfo::default()
        .set_skip_set_lib_name()
        .set_db(database.into());
    if let Some(given) = url.login()? {
        let expected = "both, as in default:password";
        let missing = || url.wrong("user and password", "***", expected);
        let password = given.password.ok_or_else(missing)?;
        login = login.set_username(given.user).set_password(password);
    }
    let (parameters, expected) = (url.parameters(&["ttl"])?, "from 2s to 24h, as in 15s");
    let ttl = parameters.seconds("ttl", 15, 2..=86_400, expected)?;
    Ok(Options {
        address,
        login,
        ttl,
    })
}
// ANCHOR_END: options
