//! A registry in [Redis](https://redis.io), as a crate that Kit does not know: the text of the chapter
//! "Writing a backend".
//!
//! ```
//! # use kit_registry::Schemes;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), kit_registry::Error> {
//! # let tree = kit_sync::TaskTree::new("example");
//! let mut schemes = Schemes::default();
//! registry_plugin::add_to(&mut schemes);
//! let registry = schemes.open("redis://10.0.0.7:6379/0?ttl=15s", tree.scope())?;
//! assert_eq!(registry.description, "redis at 10.0.0.7:6379");
//! # Ok(())
//! # }
//! ```
//!
//! | part of the URL | default | |
//! |---|---|---|
//! | `user:password@` | no login | a user of Redis' ACL; `default` where there is a password alone |
//! | `host:port` | port 6379 | the server; one, no cluster |
//! | `/0` | `0` | the number of the database |
//! | `ttl` | `15s` | the time (`2s` to `24h`) after which an instance that is not kept alive is no longer found |
//!
//! The entries of a service are a hash, beside their times in a sorted set; a script, `src/calls.lua`,
//! writes both, so that a reader never sees one without the other. Readers ask every 500 ms for the
//! changes since the last answer.

mod connection;
mod entries;
mod url;

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Backend, Error, LeasedRegistrar, PolledDiscovery, Schemes};
use kit_sync::Scope;

use connection::Connection;
use entries::Redis;

// ANCHOR: open
/// The time between two looks at the list of a service that is watched.
const PAUSE: Duration = Duration::from_millis(500);

/// Adds the scheme `redis`.
pub fn add_to(schemes: &mut Schemes) {
    schemes.add_checked("redis", |url| url::parse(url).map(drop), open);
}

/// Opens the registry at a URL such as `redis://10.0.0.7:6379`. Connects at the first call; the
/// connection and the watches are tasks of a child of `scope`.
///
/// # Errors
/// [`Error::Url`] and [`Error::UnknownParameter`] for a URL with a wrong part. No error holds the
/// password.
pub fn open(url: &str, scope: &Scope) -> Result<Backend, Error> {
    let (options, scope) = (url::parse(url)?, scope.child("redis"));
    let (ttl, description) = (options.ttl, format!("redis at {}", options.address));
    let connection = Connection::new(options, description.clone(), scope.clone());
    let redis = Arc::new(Redis::new(connection, ttl));
    let registrar = LeasedRegistrar::new(Arc::clone(&redis), ttl);
    let discovery = PolledDiscovery::new(redis, PAUSE, scope);
    Ok(Backend::new(
        description,
        Arc::new(registrar),
        Arc::new(discovery),
    ))
}
// ANCHOR_END: open
