//! A second, independent client. Its messages are written here by hand, so it sees the same as other
//! programs.

use kit_test_support::Etcd;

use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

#[derive(Clone)]
pub(crate) struct Raw {
    channel: Channel,
    token: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Kv {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(int64, tag = "2")]
    pub(crate) create_revision: i64,
    #[prost(int64, tag = "3")]
    pub(crate) mod_revision: i64,
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) value: Vec<u8>,
    #[prost(int64, tag = "6")]
    pub(crate) lease: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(int64, tag = "3")]
    revision: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Range {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Ranged {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    kvs: Vec<Kv>,
}

#[derive(Clone, PartialEq, Message)]
struct Put {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
    #[prost(int64, tag = "3")]
    lease: i64,
}

/// Any message with one number, at 1: Compact, LeaseRevoke, LeaseTimeToLive, LeaseGrant.
#[derive(Clone, PartialEq, Message)]
struct Number {
    #[prost(int64, tag = "1")]
    number: i64,
}

/// LeaseGrant with an id of the caller's.
#[derive(Clone, PartialEq, Message)]
struct GrantWithId {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int64, tag = "2")]
    id: i64,
}

/// Any message with two strings, at 1 and 2: users, roles and passwords.
#[derive(Clone, PartialEq, Message)]
struct Strings {
    #[prost(string, tag = "1")]
    one: String,
    #[prost(string, tag = "2")]
    two: String,
}

/// RoleGrantPermission.
#[derive(Clone, PartialEq, Message)]
struct Grant {
    #[prost(string, tag = "1")]
    role: String,
    #[prost(message, optional, tag = "2")]
    permission: Option<Permission>,
}

#[derive(Clone, PartialEq, Message)]
struct Permission {
    /// 0 to read, 1 to write, 2 for both.
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    range_end: Vec<u8>,
}

/// RoleRevokePermission.
#[derive(Clone, PartialEq, Message)]
struct Revoke {
    #[prost(string, tag = "1")]
    role: String,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    range_end: Vec<u8>,
}

/// A role's permission below a prefix.
#[derive(Clone, Copy)]
pub(crate) enum May {
    Write = 1,
    Both = 2,
}

#[derive(Clone, PartialEq, Message)]
struct Token {
    #[prost(string, tag = "2")]
    token: String,
}

#[derive(Clone, PartialEq, Message)]
struct Granted {
    #[prost(int64, tag = "2")]
    id: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Lease {
    /// The remaining time in seconds; -1 when the lease is gone.
    #[prost(int64, tag = "3")]
    pub(crate) left: i64,
    #[prost(int64, tag = "4")]
    pub(crate) granted: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Leases {
    #[prost(message, repeated, tag = "2")]
    leases: Vec<Number>,
}

#[derive(Clone, PartialEq, Message)]
struct Empty {}

impl Raw {
    pub(crate) fn of(etcd: &Etcd) -> Raw {
        let address = etcd.address();
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        Raw {
            channel: endpoint.connect_lazy(),
            token: None,
        }
    }

    pub(crate) async fn get(&self, key: &str) -> Option<Kv> {
        let key = key.as_bytes().to_vec();
        let found: Ranged = self.must("/etcdserverpb.KV/Range", Range { key }).await;
        found.kvs.into_iter().next()
    }

    pub(crate) async fn revision(&self) -> i64 {
        let key = b"x".to_vec();
        let found: Ranged = self.must("/etcdserverpb.KV/Range", Range { key }).await;
        found.header.expect("a header").revision
    }

    pub(crate) async fn try_put(&self, key: &str, value: &str, lease: i64) -> Result<(), Status> {
        let put = Put {
            key: key.as_bytes().to_vec(),
            value: value.as_bytes().to_vec(),
            lease,
        };
        self.call::<_, Empty>("/etcdserverpb.KV/Put", put)
            .await
            .map(drop)
    }

    pub(crate) async fn put(&self, key: &str, value: &str, lease: i64) {
        self.try_put(key, value, lease).await.expect("a put");
    }

    pub(crate) async fn delete(&self, key: &str) {
        let key = key.as_bytes().to_vec();
        self.must::<_, Empty>("/etcdserverpb.KV/DeleteRange", Range { key })
            .await;
    }

    pub(crate) async fn compact(&self, revision: i64) {
        self.number("/etcdserverpb.KV/Compact", revision).await;
    }

    pub(crate) async fn grant(&self, seconds: i64) -> i64 {
        let number = Number { number: seconds };
        let granted: Granted = self.must("/etcdserverpb.Lease/LeaseGrant", number).await;
        granted.id
    }

    /// Grants a lease with the id that another store has for it.
    pub(crate) async fn grant_again(&self, id: i64, seconds: i64) {
        let lease = GrantWithId { seconds, id };
        let _: Granted = self.must("/etcdserverpb.Lease/LeaseGrant", lease).await;
    }

    pub(crate) async fn revoke(&self, lease: i64) {
        self.number("/etcdserverpb.Lease/LeaseRevoke", lease).await;
    }

    pub(crate) async fn lease(&self, lease: i64) -> Lease {
        let number = Number { number: lease };
        self.must("/etcdserverpb.Lease/LeaseTimeToLive", number)
            .await
    }

    /// The ids of all leases that there are.
    pub(crate) async fn leases(&self) -> Vec<i64> {
        let found: Leases = self.must("/etcdserverpb.Lease/LeaseLeases", Empty {}).await;
        found.leases.iter().map(|lease| lease.number).collect()
    }

    /// Turns authentication on, with `root` and one more user who may do everything.
    pub(crate) async fn enable_auth(&mut self, user: &str, password: &str) {
        self.strings("RoleAdd", "root", "").await;
        for (user, password) in [("root", "root-password"), (user, password)] {
            self.strings("UserAdd", user, password).await;
            self.strings("UserGrantRole", user, "root").await;
        }
        self.must::<_, Empty>("/etcdserverpb.Auth/AuthEnable", Empty {})
            .await;
        self.log_in().await;
    }

    /// Adds a user with a role of the same name.
    pub(crate) async fn add_user(&self, user: &str, password: &str) {
        self.strings("UserAdd", user, password).await;
        self.strings("RoleAdd", user, "").await;
        self.strings("UserGrantRole", user, user).await;
    }

    /// Gives the role a permission for `/microservices/`, in place of an earlier one.
    pub(crate) async fn permit(&self, role: &str, may: May) {
        let permission = Permission {
            kind: may as i32,
            key: b"/microservices/".to_vec(),
            range_end: b"/microservices0".to_vec(),
        };
        let grant = Grant {
            role: role.to_owned(),
            permission: Some(permission),
        };
        self.must::<_, Empty>("/etcdserverpb.Auth/RoleGrantPermission", grant)
            .await;
    }

    /// Takes the permission for `/microservices/` away.
    pub(crate) async fn forbid(&self, role: &str) {
        let revoke = Revoke {
            role: role.to_owned(),
            key: b"/microservices/".to_vec(),
            range_end: b"/microservices0".to_vec(),
        };
        self.must::<_, Empty>("/etcdserverpb.Auth/RoleRevokePermission", revoke)
            .await;
    }

    pub(crate) async fn log_in(&mut self) {
        self.token = None;
        let login = Strings {
            one: "root".to_owned(),
            two: "root-password".to_owned(),
        };
        let token: Token = self.must("/etcdserverpb.Auth/Authenticate", login).await;
        self.token = Some(token.token);
    }

    async fn strings(&self, method: &str, one: &str, two: &str) {
        let strings = Strings {
            one: one.to_owned(),
            two: two.to_owned(),
        };
        self.must::<_, Empty>(&format!("/etcdserverpb.Auth/{method}"), strings)
            .await;
    }

    async fn number(&self, path: &str, number: i64) {
        self.must::<_, Empty>(path, Number { number }).await;
    }

    async fn must<M, R>(&self, path: &str, message: M) -> R
    where
        M: Message + Clone + Default + 'static,
        R: Message + Default + 'static,
    {
        self.call(path, message)
            .await
            .unwrap_or_else(|status| panic!("{path}: {status}"))
    }

    async fn call<M, R>(&self, path: &str, message: M) -> Result<R, Status>
    where
        M: Message + Clone + Default + 'static,
        R: Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.channel.clone());
        let mut last = None;
        // After a restart of the server, the first call fails because its connection broke.
        for _ in 0..2 {
            let mut request = Request::new(message.clone());
            if let Some(token) = &self.token {
                let token = token.parse().expect("an ASCII token");
                request.metadata_mut().insert("token", token);
            }
            if let Err(error) = grpc.ready().await {
                last = Some(Status::from_error(error.into()));
                continue;
            }
            let path = PathAndQuery::try_from(path).expect("a path");
            match grpc.unary(request, path, ProstCodec::default()).await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) if std::error::Error::source(&status).is_some() => last = Some(status),
                Err(status) => return Err(status),
            }
        }
        Err(last.expect("two attempts"))
    }
}
