//! The calls about one instance: its key, and the leases that its key may be under.

pub(super) mod hold;
pub(super) mod keep_alive;
pub(super) mod lease;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tonic::Code;

use super::client::Client;
use super::cluster::{TRY, refusal_code};
use super::key::Keys;
use super::ledger::{Account, Ledger};
use super::proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use super::proto::etcdserverpb::kv_client::KvClient;
use super::proto::etcdserverpb::lease_client::LeaseClient;
use super::proto::etcdserverpb::{
    Compare, DeleteRangeRequest, LeaseGrantRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest,
    PutRequest, RangeRequest, RequestOp, TxnRequest, TxnResponse, request_op,
};
use super::proto::mvccpb::KeyValue;
use super::units::seconds;
use crate::{Error, Remarks, ServiceInstance};

/// The limit of one attempt at one endpoint during a deregistration, which has little time.
const HASTY_TRY: Duration = Duration::from_secs(1);
/// How long a request without an answer may still be on its way to an etcd that answers others.
const SETTLED: Duration = Duration::from_millis(200);

/// The instances that this process shows in one cluster.
pub(super) struct Registrations {
    data: Arc<Client>,
    leases: Arc<Client>,
    keys: Keys,
    ttl: Duration,
    ledger: Ledger,
    remarks: Remarks,
}

/// One instance's entry in the cluster, for as long as one call of the registrar takes.
struct Entry<'a> {
    registrations: &'a Registrations,
    key: String,
    account: Arc<Account>,
    /// The attempt that errors name.
    attempt: String,
}

/// A key as it is now.
enum Look {
    Seen(Option<KeyValue>),
    /// The login may not read it.
    Blind,
}

impl Registrations {
    pub(super) fn new(
        data: Arc<Client>,
        leases: Arc<Client>,
        keys: Keys,
        ttl: Duration,
        remarks: Remarks,
    ) -> Registrations {
        Registrations {
            data,
            leases,
            keys,
            ttl,
            ledger: Ledger::default(),
            remarks,
        }
    }

    fn entry(&self, instance: &ServiceInstance, attempt: String) -> Entry<'_> {
        let key = self.keys.of(instance);
        Entry {
            registrations: self,
            account: self.ledger.account(&key),
            key,
            attempt,
        }
    }
}

impl Entry<'_> {
    /// The connection for leases, on which keep-alives and watches are opened.
    fn leases(&self) -> &Client {
        &self.registrations.leases
    }

    /// Empties the account: nothing of the instance is left in the cluster.
    fn close_account(&self) {
        self.registrations.ledger.close(&self.key, &self.account);
    }

    async fn grant(&self, lease: i64) -> Result<(), Error> {
        let ttl = seconds(self.registrations.ttl);
        let request = LeaseGrantRequest { ttl, id: lease };
        let granted = self
            .leases()
            .call(&self.attempt, |service| async move {
                LeaseClient::new(service).lease_grant(request).await
            })
            .await;
        match granted {
            Ok(response) => self.account.record_grant(lease, response.ttl),
            // An earlier attempt had reached etcd after all.
            Err(error) if refusal_code(&error) == Some(Code::FailedPrecondition) => {
                self.account.record_grant(lease, ttl);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Whether the lease lives.
    async fn check_alive(&self, lease: i64) -> Result<bool, Error> {
        let request = LeaseTimeToLiveRequest { id: lease };
        let answer = self
            .leases()
            .call(&self.attempt, |service| async move {
                LeaseClient::new(service).lease_time_to_live(request).await
            })
            .await;
        match answer {
            Ok(response) => Ok(response.ttl > 0),
            Err(error) if refusal_code(&error) == Some(Code::NotFound) => Ok(false),
            // Some versions want the permission to read its keys for this. A put shows it.
            Err(error) if is_denied(&error) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Revokes the lease, whose keys etcd deletes in the same step.
    ///
    /// A grant whose answer was not waited for may come to etcd after the revocation, which then finds no lease: so
    /// it is repeated after the time in which such a grant would come.
    async fn revoke(&self, lease: i64) -> Result<(), Error> {
        let was_there = self.revoke_once(lease).await?;
        if !was_there && self.account.is_grant_in_doubt(lease) {
            sleep(SETTLED).await;
            self.revoke_once(lease).await?;
        }
        Ok(())
    }

    /// Returns whether the lease was there.
    async fn revoke_once(&self, lease: i64) -> Result<bool, Error> {
        let request = LeaseRevokeRequest { id: lease };
        let revoked = self
            .leases()
            .call_within(HASTY_TRY, &self.attempt, |service| async move {
                LeaseClient::new(service).lease_revoke(request).await
            })
            .await;
        match revoked {
            // The lease has ended already, and its keys with it.
            Err(error) if refusal_code(&error) == Some(Code::NotFound) => Ok(false),
            revoked => revoked.map(|_| true),
        }
    }

    /// Puts `value` under `lease`; with `unchanged_since`, only when nothing wrote the key since
    /// that revision, which is 0 for a key that is not there. Returns the put's revision, or `None`
    /// when the condition did not hold. A put without an answer stays in doubt in the account.
    async fn put(
        &self,
        lease: i64,
        value: &str,
        unchanged_since: Option<i64>,
    ) -> Result<Option<i64>, Error> {
        let key = self.key.as_bytes();
        let condition = unchanged_since.map(|revision| Compare {
            result: CompareResult::Equal.into(),
            target: CompareTarget::Mod.into(),
            key: key.to_vec(),
            target_union: Some(TargetUnion::ModRevision(revision)),
        });
        let put = request_op::Request::RequestPut(PutRequest {
            key: key.to_vec(),
            value: value.as_bytes().to_vec(),
            lease,
        });
        let doubt = self.account.begin_put(value);
        match self.transact(TRY, condition, put).await {
            Ok(done) => {
                doubt.settle();
                let revision = done.header.map_or(0, |header| header.revision);
                Ok(done.succeeded.then_some(revision))
            }
            Err(error) => {
                if refusal_code(&error).is_some() {
                    doubt.settle();
                }
                Err(error)
            }
        }
    }

    /// Deletes the key if it is under `lease`.
    async fn delete_under(&self, lease: i64) -> Result<(), Error> {
        let key = self.key.as_bytes();
        let delete =
            request_op::Request::RequestDeleteRange(DeleteRangeRequest { key: key.to_vec() });
        let condition = Compare {
            result: CompareResult::Equal.into(),
            target: CompareTarget::Lease.into(),
            key: key.to_vec(),
            target_union: Some(TargetUnion::Lease(lease)),
        };
        self.transact(HASTY_TRY, Some(condition), delete)
            .await
            .map(drop)
    }

    /// The key as it is now. A change of the permission to read it is remarked, once.
    async fn look(&self) -> Result<Look, Error> {
        let request = RangeRequest {
            key: self.key.as_bytes().to_vec(),
            ..RangeRequest::default()
        };
        let Registrations { data, remarks, .. } = self.registrations;
        let response = data
            .call(&self.attempt, |service| {
                let request = request.clone();
                async move { KvClient::new(service).range(request).await }
            })
            .await;
        let (registry, key) = (data.cluster().description(), &self.key);
        match response {
            Ok(mut response) => {
                if self.account.set_blind(false) {
                    remarks.add(format!(
                        "{registry}: {key} may be read again: a takeover can be seen"
                    ));
                }
                Ok(Look::Seen(response.kvs.pop()))
            }
            Err(error) if is_denied(&error) => {
                if self.account.set_blind(true) {
                    remarks.add(format!(
                        "{registry}: {key} may be written but not read: it stays registered, but a \
                         deletion, a change or a takeover cannot be seen"
                    ));
                }
                Ok(Look::Blind)
            }
            Err(error) => Err(error),
        }
    }

    async fn transact(
        &self,
        each: Duration,
        condition: Option<Compare>,
        request: request_op::Request,
    ) -> Result<TxnResponse, Error> {
        let request = TxnRequest {
            compare: condition.into_iter().collect(),
            success: vec![RequestOp {
                request: Some(request),
            }],
        };
        self.registrations
            .data
            .call_within(each, &self.attempt, |service| {
                let request = request.clone();
                async move { KvClient::new(service).txn(request).await }
            })
            .await
    }
}

/// Whether the login lacks a permission.
fn is_denied(error: &Error) -> bool {
    refusal_code(error) == Some(Code::PermissionDenied)
}
