//! Registering under a lease, and taking away so that nothing comes back.
//!
//! *Fence.* Every put carries a lease whose id was chosen here and written down before it was
//! granted. Taking an instance away revokes all of them: etcd deletes their keys in the same step
//! and refuses a put with such a lease from then on, even one that was on its way for minutes.
//!
//! *Ownership.* A key is ours while it carries our lease. The first registration of a process takes
//! the key in any case; later ones only when no living lease of another process has it. A login that
//! may write the key but not read it cannot see that: its puts are unconditional.

use tokio::time::timeout;
use tonic::Code;

use super::{Entry, HASTY_TRY, Look, Registrations, is_denied};
use crate::etcd::cluster::refusal_code;
use crate::etcd::proto::mvccpb::KeyValue;
use crate::etcd::units::LeaseId;
use crate::{Error, LossReason, ServiceInstance};

/// The number of puts that are tried when the key changes between the look and the put.
const RACES: usize = 5;

/// Puts the instance under a lease that lives.
///
/// Each round takes a lease, looks at the key unless this process has never shown it, and puts the
/// value on the condition that the key is as it was at the look. A round fails, and the next one
/// begins, when the key was written in between or the lease has ended since it was chosen.
pub(crate) async fn register(
    registrations: &Registrations,
    instance: &ServiceInstance,
) -> Result<(), Error> {
    let entry = registrations.entry(instance, format!("register {instance}"));
    let value = instance.to_json();
    for _ in 0..RACES {
        let lease = living_lease(&entry).await?;
        let look = if entry.account.last_shown().is_some() {
            entry.look().await?
        } else {
            // The first registration takes the key in any case.
            Look::Blind
        };
        let unchanged_since = match look {
            Look::Blind => None,
            Look::Seen(seen) => {
                if let Some(owner) = other_owner(&entry, seen.as_ref(), lease).await? {
                    let by = LeaseId(owner).to_string();
                    return Err(Error::lost(instance, LossReason::TakenOver { by }));
                }
                Some(seen.map_or(0, |kv| kv.mod_revision))
            }
        };
        match entry.put(lease, &value, unchanged_since).await {
            Ok(Some(revision)) => {
                entry.account.record_shown(lease, revision, &value);
                return Ok(());
            }
            Ok(None) => {}
            Err(error) if refusal_code(&error) == Some(Code::NotFound) => {
                entry.account.replace_lease(lease);
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::lost(instance, LossReason::Changed))
}

/// Revokes every lease that the key may be under.
///
/// Where a revocation fails, the key is deleted if it is under that lease. That is enough unless a
/// put was never answered: it may still arrive, under the lease that was not revoked.
pub(crate) async fn deregister(
    registrations: &Registrations,
    instance: &ServiceInstance,
) -> Result<(), Error> {
    let entry = registrations.entry(instance, format!("deregister {instance}"));
    if entry.account.is_untouched() {
        give_back(&entry).await;
        entry.close_account();
        return Ok(());
    }
    let mut not_revoked = None;
    for lease in entry.account.leases() {
        let Err(error) = entry.revoke(lease).await else {
            continue;
        };
        match entry.delete_under(lease).await {
            Ok(()) => not_revoked = Some(error),
            // The condition needs the permission to read: the error is that of the revocation.
            Err(denied) if is_denied(&denied) => return Err(error),
            Err(error) => return Err(error),
        }
    }
    match not_revoked {
        Some(error) if entry.account.is_in_doubt() => Err(error),
        _ => {
            entry.close_account();
            Ok(())
        }
    }
}

/// Revokes the leases of a key that was never put, such as one whose grant was sent when the start was called off.
///
/// A lease without a key shows nothing and ends by itself. So an etcd that does not answer is waited for no longer
/// than for one attempt, and its error is none of the deregistration.
async fn give_back(entry: &Entry<'_>) {
    let revoke_all = async {
        for lease in entry.account.leases() {
            entry.revoke(lease).await?;
        }
        Ok::<_, Error>(())
    };
    let why = match timeout(HASTY_TRY, revoke_all).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.chain().to_string(),
        Err(_elapsed) => format!("no answer within {HASTY_TRY:.1?}"),
    };
    tracing::debug!(key = entry.key, why, "lease left to its end");
}

/// A lease that lives: the present one if it still does, as it usually does after an outage and even
/// after a restart of etcd.
async fn living_lease(entry: &Entry<'_>) -> Result<i64, Error> {
    if let Some(granted) = entry.account.granted_lease() {
        if entry.check_alive(granted.id).await? {
            return Ok(granted.id);
        }
        entry.account.replace_lease(granted.id);
    }
    let lease = entry.account.choose_lease();
    entry.grant(lease).await?;
    Ok(lease)
}

/// The living lease of another process on the key.
async fn other_owner(
    entry: &Entry<'_>,
    seen: Option<&KeyValue>,
    ours: i64,
) -> Result<Option<i64>, Error> {
    let lease = match seen {
        Some(kv) if kv.lease != 0 && kv.lease != ours => kv.lease,
        _ => return Ok(None),
    };
    let is_alive = entry.check_alive(lease).await?;
    Ok(is_alive.then_some(lease))
}
