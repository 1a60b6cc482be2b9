//! Registering under a lease, and taking away so that nothing comes back.
//!
//! *Fence.* Every put carries a lease whose id was chosen here and written down before it was
//! granted. Taking an instance away revokes all of them: etcd deletes their keys in the same step
//! and refuses a put with such a lease from then on, even one that was on its way for minutes.
//!
//! *Ownership.* A key is ours while it carries our lease. The first registration of a process takes
//! the key in any case; later ones only when no living lease of another process has it. A login that
//! may write the key but not read it cannot see that: its puts are unconditional.

mod ledger;

use std::sync::Arc;
use std::time::Duration;

use tonic::Code;

use super::client::{Client, HASTY_TRY, TRY, refusal_code};
use super::key::Keys;
use super::proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use super::proto::etcdserverpb::kv_client::KvClient;
use super::proto::etcdserverpb::lease_client::LeaseClient;
use super::proto::etcdserverpb::{
    Compare, DeleteRangeRequest, LeaseGrantRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest,
    PutRequest, RangeRequest, RequestOp, TxnRequest, TxnResponse, request_op,
};
use super::proto::mvccpb::KeyValue;
use super::{LeaseId, seconds};
use crate::{Error, LossReason, ServiceInstance};

use ledger::{Chosen, Ledger};
pub(super) use ledger::{Lease, Shown};

/// How often a put is tried again because the key changed between the look and the put.
const RACES: usize = 5;

/// A key as it is now.
pub(super) enum Look {
    Seen(Option<KeyValue>),
    /// The login may not read it.
    Blind,
}

/// What this process shows in one cluster.
pub(super) struct Registrations {
    data: Arc<Client>,
    pub(super) leases: Arc<Client>,
    pub(super) keys: Keys,
    ttl: Duration,
    pub(super) ledger: Ledger,
}

impl Registrations {
    pub(super) fn new(
        data: Arc<Client>,
        leases: Arc<Client>,
        keys: Keys,
        ttl: Duration,
    ) -> Registrations {
        Registrations {
            data,
            leases,
            keys,
            ttl,
            ledger: Ledger::default(),
        }
    }

    pub(super) async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let attempt = format!("register {instance}");
        let key = self.keys.of(instance);
        let value = instance.to_json();
        for _ in 0..RACES {
            let lease = self.living_lease(&attempt, &key).await?;
            let look = if self.ledger.has_owned(&key) {
                self.look(&attempt, &key).await?
            } else {
                // The first one takes the key in any case.
                Look::Blind
            };
            let condition = if let Look::Seen(seen) = look {
                if let Some(owner) = self.other_owner(&attempt, seen.as_ref(), lease).await? {
                    let by = LeaseId(owner).to_string();
                    return Err(Error::lost(instance, LossReason::TakenOver { by }));
                }
                // Only if nobody writes in between.
                let revision = seen.map_or(0, |kv| kv.mod_revision);
                Some(unchanged(&key, revision))
            } else {
                None
            };
            let put = request_op::Request::RequestPut(PutRequest {
                key: key.clone().into_bytes(),
                value: value.clone().into_bytes(),
                lease,
            });
            let doubt = self.ledger.put_begins(&key, &value);
            match self.transact(TRY, &attempt, condition, put).await {
                Ok(done) => {
                    doubt.settled();
                    if done.succeeded {
                        let revision = done.header.map_or(0, |header| header.revision);
                        self.ledger.shown(&key, lease, revision, &value);
                        return Ok(());
                    }
                }
                Err(error) if refusal_code(&error) == Some(Code::NotFound) => {
                    // The lease ended since it was looked at.
                    doubt.settled();
                    self.ledger.lease_gone(&key, lease);
                }
                Err(error) => {
                    if refusal_code(&error).is_some() {
                        doubt.settled();
                    }
                    return Err(error);
                }
            }
        }
        Err(Error::lost(instance, LossReason::Changed))
    }

    pub(super) async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let attempt = format!("deregister {instance}");
        let key = self.keys.of(instance);
        if self.ledger.is_untouched(&key) {
            // A lease without a key is seen by nobody and ends by itself.
            self.ledger.forget(&key);
            return Ok(());
        }
        let mut failed = None;
        for lease in self.ledger.leases(&key) {
            let Err(error) = self.revoke(&attempt, lease).await else {
                continue;
            };
            match self.delete_guarded(&attempt, &key, lease).await {
                Ok(()) => failed = Some(error),
                // The guard may not be read: what has failed is the revocation.
                Err(denied) if is_denied(&denied) => return Err(error),
                Err(error) => return Err(error),
            }
        }
        match failed {
            // Deleted, but a put that was never answered may still arrive under its lease.
            Some(error) if self.ledger.in_doubt(&key) => Err(error),
            _ => {
                self.ledger.forget(&key);
                Ok(())
            }
        }
    }

    /// A lease that lives, the one we have if it still does: after an outage, and even after a
    /// restart of etcd, it usually does.
    async fn living_lease(&self, attempt: &str, key: &str) -> Result<i64, Error> {
        let Chosen { lease, granted } = self.ledger.lease(key);
        if granted {
            if self.time_to_live(attempt, lease).await?.is_some() {
                return Ok(lease);
            }
            self.ledger.lease_gone(key, lease);
            return self.grant(attempt, key, self.ledger.lease(key).lease).await;
        }
        self.grant(attempt, key, lease).await
    }

    async fn grant(&self, attempt: &str, key: &str, lease: i64) -> Result<i64, Error> {
        let request = LeaseGrantRequest {
            ttl: seconds(self.ttl),
            id: lease,
        };
        let granted = self
            .leases
            .call(attempt, |service| async move {
                LeaseClient::new(service).lease_grant(request).await
            })
            .await;
        match granted {
            Ok(response) => self.ledger.granted(key, lease, response.ttl),
            // An earlier attempt had reached etcd after all.
            Err(error) if refusal_code(&error) == Some(Code::FailedPrecondition) => {
                self.ledger.granted(key, lease, seconds(self.ttl));
            }
            Err(error) => return Err(error),
        }
        Ok(lease)
    }

    /// What is left of a lease, in seconds; `None` when it is gone.
    async fn time_to_live(&self, attempt: &str, lease: i64) -> Result<Option<i64>, Error> {
        let request = LeaseTimeToLiveRequest { id: lease };
        let answer = self
            .leases
            .call(attempt, |service| async move {
                LeaseClient::new(service).lease_time_to_live(request).await
            })
            .await;
        match answer {
            Ok(response) => Ok(Some(response.ttl).filter(|ttl| *ttl > 0)),
            Err(error) if refusal_code(&error) == Some(Code::NotFound) => Ok(None),
            // Some versions want the permission to read its keys for this. A put will tell.
            Err(error) if is_denied(&error) => Ok(Some(seconds(self.ttl))),
            Err(error) => Err(error),
        }
    }

    async fn revoke(&self, attempt: &str, lease: i64) -> Result<(), Error> {
        let request = LeaseRevokeRequest { id: lease };
        let revoked = self
            .leases
            .call_within(HASTY_TRY, attempt, |service| async move {
                LeaseClient::new(service).lease_revoke(request).await
            })
            .await;
        match revoked {
            // Gone already, and its keys with it.
            Err(error) if refusal_code(&error) == Some(Code::NotFound) => Ok(()),
            revoked => revoked.map(drop),
        }
    }

    async fn delete_guarded(&self, attempt: &str, key: &str, lease: i64) -> Result<(), Error> {
        let delete = request_op::Request::RequestDeleteRange(DeleteRangeRequest {
            key: key.as_bytes().to_vec(),
        });
        let ours = Compare {
            result: CompareResult::Equal.into(),
            target: CompareTarget::Lease.into(),
            key: key.as_bytes().to_vec(),
            target_union: Some(TargetUnion::Lease(lease)),
        };
        self.transact(HASTY_TRY, attempt, Some(ours), delete)
            .await
            .map(drop)
    }

    /// The key as it is now. That it may not be read is told once.
    pub(super) async fn look(&self, attempt: &str, key: &str) -> Result<Look, Error> {
        let request = RangeRequest {
            key: key.as_bytes().to_vec(),
            ..RangeRequest::default()
        };
        let response = self
            .data
            .call(attempt, |service| {
                let request = request.clone();
                async move { KvClient::new(service).range(request).await }
            })
            .await;
        let registry = self.data.description();
        match response {
            Ok(mut response) => {
                if self.ledger.set_blind(key, false) {
                    tracing::info!(registry, key, "may be read again: a takeover can be seen");
                }
                Ok(Look::Seen(response.kvs.pop()))
            }
            Err(error) if is_denied(&error) => {
                if self.ledger.set_blind(key, true) {
                    tracing::warn!(
                        registry,
                        key,
                        "may be written but not read: kept registered without seeing whether it is \
                         deleted, changed or taken over"
                    );
                }
                Ok(Look::Blind)
            }
            Err(error) => Err(error),
        }
    }

    /// The living lease of another process on the key.
    async fn other_owner(
        &self,
        attempt: &str,
        seen: Option<&KeyValue>,
        ours: i64,
    ) -> Result<Option<i64>, Error> {
        let lease = match seen {
            Some(kv) if kv.lease != 0 && kv.lease != ours => kv.lease,
            _ => return Ok(None),
        };
        let lives = self.time_to_live(attempt, lease).await?.is_some();
        Ok(lives.then_some(lease))
    }

    async fn transact(
        &self,
        each: Duration,
        attempt: &str,
        condition: Option<Compare>,
        request: request_op::Request,
    ) -> Result<TxnResponse, Error> {
        let request = TxnRequest {
            compare: condition.into_iter().collect(),
            success: vec![RequestOp {
                request: Some(request),
            }],
        };
        self.data
            .call_within(each, attempt, |service| {
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

/// That nobody wrote the key since `revision`; 0 for a key that is not there.
fn unchanged(key: &str, revision: i64) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: CompareTarget::Mod.into(),
        key: key.as_bytes().to_vec(),
        target_union: Some(TargetUnion::ModRevision(revision)),
    }
}
