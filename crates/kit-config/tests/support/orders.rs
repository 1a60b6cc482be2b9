//! Settings with all that settings can be made of.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use kit_config::{Broken, Rules, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Orders {
    http: Http,
    #[schemars(extend("was" = "db"))]
    database: Database,
    servers: Vec<Server>,
    limits: BTreeMap<String, Limit>,
    shards: BTreeMap<u16, String>,
    output: Output,
    retry: Retry,
    log: Log,
    auth: Auth,
    level: Level,
    plain: Plain,
    filter: Filter,
    tree: Tree,
    vault: Vault,
    discovery: Discovery,
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    cache: Cache,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Http {
    host: IpAddr,
    #[schemars(range(min = 1))]
    port: u16,
    max_body: u64,
    compress: bool,
    tls: Option<Tls>,
}

impl Default for Http {
    fn default() -> Http {
        Http {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 8000,
            max_body: 1 << 20,
            compress: false,
            tls: None,
        }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Tls {
    cert: PathBuf,
    key: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Database {
    url: String,
    password: Secret<String>,
    pin: Secret<u32>,
    pool: Pool,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Pool {
    #[schemars(extend("was" = ["smallest", "/pool_min"]))]
    min: u32,
    max: NonZeroU32,
}

impl Default for Pool {
    fn default() -> Pool {
        Pool {
            min: 1,
            max: NonZeroU32::MIN,
        }
    }
}

/// URLs, which may have a password.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Discovery {
    #[schemars(extend("x-kit-url" = true))]
    registry: String,
    #[schemars(extend("x-kit-url" = true))]
    others: Vec<String>,
}

/// Secrets in a list, a map and a variant.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Vault {
    accounts: Vec<Account>,
    sealed: BTreeMap<String, Secret<String>>,
    login: Login,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Account {
    code: Secret<String>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Login {
    #[default]
    None,
    Basic {
        pass: Secret<String>,
    },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Server {
    name: String,
    addr: SocketAddr,
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    weight: f64,
    #[serde(default)]
    #[schemars(length(max = 3))]
    tags: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Limit {
    rate: u32,
    burst: Option<u32>,
}

/// Tagged by a key beside those of the variant.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Output {
    #[default]
    Stdout,
    File {
        path: PathBuf,
        #[serde(default)]
        rotate: bool,
    },
    Syslog(Syslog),
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Syslog {
    host: IpAddr,
    facility: u8,
}

/// Tagged by a key beside another one with the content.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "with", rename_all = "lowercase")]
enum Retry {
    #[default]
    Never,
    Fixed {
        times: u8,
    },
    Listed(Vec<u32>),
}

/// Tagged by its only key.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Log {
    #[default]
    Off,
    Level(Level),
    File {
        path: PathBuf,
    },
}

/// Without a tag: its form says which variant it is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Auth {
    Anonymous(bool),
    Basic { user: String, port: u16 },
    Keys(Vec<u64>),
}

impl Default for Auth {
    fn default() -> Auth {
        Auth::Anonymous(true)
    }
}

/// Without a tag, and made of others of its kind.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Filter {
    Name(Level),
    All { all: Vec<Filter> },
    Any { any: Vec<Filter>, least: u8 },
    Not { not: Box<Filter> },
    Either(Vec<Filter>),
}

impl Default for Filter {
    fn default() -> Filter {
        Filter::Either(Vec::new())
    }
}

/// Contains itself.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Tree {
    name: String,
    children: Vec<Tree>,
    next: Option<Box<Tree>>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Info,
    Debug,
    Warn,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Plain {
    mark: char,
    pair: (u8, bool),
    large: u128,
    small: i8,
    id: i64,
    ratio: f32,
    label: Option<String>,
    share: Option<f64>,
    wrapped: Wrapped,
    even: Even,
    bytes: Vec<u8>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
struct Wrapped(u8);

/// A number that refuses odd ones by its own `Deserialize`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
struct Even(u32);

impl From<Even> for u32 {
    fn from(even: Even) -> u32 {
        even.0
    }
}

impl TryFrom<u32> for Even {
    type Error = String;

    fn try_from(number: u32) -> Result<Even, String> {
        if number.is_multiple_of(2) {
            Ok(Even(number))
        } else {
            Err("an odd number of workers cannot be paired".to_owned())
        }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Common {
    region: String,
    gateway: IpAddr,
}

impl Default for Common {
    fn default() -> Common {
        Common {
            region: "north".to_owned(),
            gateway: Ipv4Addr::LOCALHOST.into(),
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cache", rename_all = "lowercase")]
enum Cache {
    #[default]
    None,
    Redis {
        redis_addr: SocketAddr,
    },
}

impl Rules for Orders {
    fn check(&self, broken: &mut Broken) {
        let pool = &self.database.pool;
        broken.refuse_if(
            pool.min > pool.max.get(),
            ["database.pool.max", "database.pool.min"],
            format!(
                "has to be at least `database.pool.min`, which is {}",
                pool.min
            ),
        );
        broken.refuse_if(
            self.http.max_body == 0,
            "http.max_body",
            "has to be larger than 0, or no request could have a body",
        );
        for (number, server) in self.servers.iter().enumerate() {
            let key = format!("servers[{number}].name");
            broken.refuse_if(server.name.is_empty(), &key, "has to be a name");
        }
    }
}
