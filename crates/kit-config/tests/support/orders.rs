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
pub struct Orders {
    pub http: Http,
    #[schemars(extend("was" = "db"))]
    pub database: Database,
    pub servers: Vec<Server>,
    pub limits: BTreeMap<String, Limit>,
    pub shards: BTreeMap<u16, String>,
    pub output: Output,
    pub retry: Retry,
    pub log: Log,
    pub auth: Auth,
    pub level: Level,
    pub plain: Plain,
    #[serde(flatten)]
    pub common: Common,
    #[serde(flatten)]
    pub cache: Cache,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Http {
    pub host: IpAddr,
    #[schemars(range(min = 1))]
    pub port: u16,
    pub max_body: u64,
    pub compress: bool,
    pub tls: Option<Tls>,
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
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Database {
    pub url: String,
    pub password: Secret<String>,
    pub pin: Secret<u32>,
    pub pool: Pool,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pool {
    #[schemars(extend("was" = ["smallest", "/pool_min"]))]
    pub min: u32,
    pub max: NonZeroU32,
}

impl Default for Pool {
    fn default() -> Pool {
        Pool {
            min: 1,
            max: NonZeroU32::MIN,
        }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    pub name: String,
    pub addr: SocketAddr,
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight: f64,
    #[serde(default)]
    #[schemars(length(max = 3))]
    pub tags: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    pub rate: u32,
    pub burst: Option<u32>,
}

/// Tagged by a key beside those of the variant.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Output {
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
pub struct Syslog {
    pub host: IpAddr,
    pub facility: u8,
}

/// Tagged by a key beside another one with the content.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "with", rename_all = "lowercase")]
pub enum Retry {
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
pub enum Log {
    #[default]
    Off,
    Level(Level),
    File {
        path: PathBuf,
    },
}

/// Told apart by what it is made of.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Auth {
    Anonymous(bool),
    Basic { user: String, port: u16 },
    Keys(Vec<u64>),
}

impl Default for Auth {
    fn default() -> Auth {
        Auth::Anonymous(true)
    }
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[default]
    Info,
    Debug,
    Warn,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plain {
    pub mark: char,
    pub pair: (u8, bool),
    pub large: u128,
    pub small: i8,
    pub id: i64,
    pub ratio: f32,
    pub label: Option<String>,
    pub share: Option<f64>,
    pub wrapped: Wrapped,
    pub even: Even,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Wrapped(pub u8);

/// A number that refuses odd ones by its own `Deserialize`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
pub struct Even(u32);

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
pub struct Common {
    pub region: String,
    pub gateway: IpAddr,
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
pub enum Cache {
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
