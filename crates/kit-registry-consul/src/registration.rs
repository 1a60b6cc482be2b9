//! Writing an entry at the agent, and taking it away so that nothing comes back.
//!
//! *Fence.* A check is critical when its entry is written, and passes by another call, which is made
//! after the write was answered: a write that arrives late shows nothing. Taking away repeats itself when
//! a request of before had no answer.
//!
//! *Ownership.* A tag names the process. The first registration of a process takes the entry in any
//! case; later ones only when it is not that of another process whose check passes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::Method;
use kit_registry::{Entries, Error, LossReason, ServiceInstance};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::agent::{Agent, CALL, Call, is_unknown, segment};
use super::backoff::backoff;
use super::entry::Entry;
use super::owner::Owner;
use super::requests::Requests;
use super::service_id::{service_id, service_name};
use super::url::ServiceOptions;

/// The limit of the time until the catalogue shows what the agent has taken.
const SHOWN: Duration = Duration::from_secs(5);
/// How long a request without an answer may still be on its way to an agent that answers others.
const SETTLED: Duration = Duration::from_millis(200);
/// How often an entry is taken away that comes back.
const TIMES: usize = 5;
/// How long one look at an entry waits for a change.
const WAIT: Duration = Duration::from_secs(55);

pub(crate) struct Registrations {
    agent: Arc<Agent>,
    options: ServiceOptions,
    owner: Owner,
    requests: Requests,
}

/// The entry at the agent, and whether its check passes.
struct Seen {
    entry: Entry,
    is_passing: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CatalogRow {
    service: Entry,
    checks: Vec<CatalogCheck>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CatalogCheck {
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LocalEntry {
    #[serde(flatten)]
    entry: Entry,
    #[serde(default)]
    content_hash: String,
}

#[async_trait]
impl Entries for Registrations {
    /// Writes the entry, lets its check pass, and waits until the catalogue shows it: the agent sends
    /// its entries there after it has answered.
    async fn write(&self, instance: &ServiceInstance, is_first: bool) -> Result<(), Error> {
        let attempt = format!("register {instance}");
        let entry = Entry::of(instance, &self.options, &self.owner);
        if !is_first
            && let Some(seen) = self.look(&attempt, instance).await?
            && seen.is_passing
            && let Some(by) = self.other_owner(&seen.entry)
        {
            return Err(Error::lost(instance, LossReason::TakenOver { by }));
        }
        let doubt = self.requests.begin_write(&entry.id, instance);
        let written = self.agent.call(Call {
            attempt: &attempt,
            method: Method::PUT,
            path: "/v1/agent/service/register".to_owned(),
            body: entry.to_json(&self.options),
            limit: CALL,
        });
        let written = written.await;
        if !matches!(written, Err(Error::Unreachable { .. })) {
            doubt.settle();
        }
        written?;
        self.let_pass(&attempt, &entry.id, CALL).await?;
        let is_shown = |all: &[Seen]| {
            all.iter().any(|seen| {
                seen.is_passing
                    && seen.entry.tags == entry.tags
                    && seen.entry.instance(instance.name()).as_ref() == Some(instance)
            })
        };
        self.until_catalog(&attempt, instance, is_shown).await
    }

    async fn prolong(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let attempt = format!("keep {instance} alive");
        let limit = CALL.min(self.options.ttl / 3);
        match self.let_pass(&attempt, &service_id(instance), limit).await {
            Err(error) if is_unknown(&error) => Err(Error::lost(instance, LossReason::Expired)),
            passed => passed,
        }
    }

    /// Looks at the agent's entry, then waits for each change of it.
    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let attempt = format!("watch {instance}");
        let id = service_id(instance);
        let mut backoff = backoff();
        let mut hash = String::new();
        loop {
            match self.local(&attempt, &id, &hash).await {
                Ok(local) => {
                    if let Some(by) = self.other_owner(&local.entry) {
                        return LossReason::TakenOver { by };
                    }
                    let shown = local.entry.instance(instance.name());
                    let is_right = shown.as_ref().is_some_and(|shown| {
                        shown == instance || self.requests.is_last_written(&id, shown)
                    });
                    if !is_right {
                        return LossReason::Changed;
                    }
                    backoff.reset();
                    hash = local.content_hash;
                }
                Err(error) if is_unknown(&error) => return LossReason::Missing,
                // The beats say when the agent is away for too long.
                Err(error) => {
                    tracing::debug!(error = %error.chain(), "to be looked at again");
                    hash.clear();
                    sleep(backoff.next_delay()).await;
                }
            }
        }
    }

    /// Takes the entry away, unless it belongs to another process by now, and waits until the catalogue
    /// has lost it.
    ///
    /// A request without an answer may still arrive, and bring back an entry whose check is critical:
    /// then the entry is looked for once more, after the time in which such a request would arrive.
    async fn remove(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let attempt = format!("deregister {instance}");
        let id = service_id(instance);
        let mut is_settled = !self.requests.is_in_doubt(&id);
        for _ in 0..TIMES {
            match self.local(&attempt, &id, "").await {
                Ok(local) if self.other_owner(&local.entry).is_some() => {
                    self.requests.forget(&id);
                    return Ok(());
                }
                Ok(_) => self.remove_entry(&attempt, &id).await?,
                Err(error) if is_unknown(&error) && is_settled => {
                    let is_others = |seen: &Seen| self.other_owner(&seen.entry).is_some();
                    self.until_catalog(&attempt, instance, |all| all.iter().all(is_others))
                        .await?;
                    self.requests.forget(&id);
                    return Ok(());
                }
                Err(error) if is_unknown(&error) => {
                    sleep(SETTLED).await;
                    is_settled = true;
                }
                Err(error) => return Err(error),
            }
        }
        let why = "its entry comes back each time that it is removed";
        Err(self.agent.without_effect(&attempt, why))
    }
}

impl Registrations {
    pub(crate) fn new(agent: Arc<Agent>, options: ServiceOptions) -> Registrations {
        Registrations {
            agent,
            options,
            owner: Owner::new(),
            requests: Requests::default(),
        }
    }

    /// Lets the check of an entry pass, for the whole time to live.
    async fn let_pass(&self, attempt: &str, id: &str, limit: Duration) -> Result<(), Error> {
        let doubt = self.requests.begin(id);
        let passed = self.agent.call(Call {
            attempt,
            method: Method::PUT,
            path: format!("/v1/agent/check/update/service:{id}"),
            body: r#"{"Status":"passing","Output":"pass"}"#.to_owned(),
            limit,
        });
        let passed = passed.await;
        if !matches!(passed, Err(Error::Unreachable { .. })) {
            doubt.settle();
        }
        passed.map(drop)
    }

    async fn remove_entry(&self, attempt: &str, id: &str) -> Result<(), Error> {
        let removed = self.agent.call(Call {
            attempt,
            method: Method::PUT,
            path: format!("/v1/agent/service/deregister/{}", segment(id)),
            body: String::new(),
            limit: CALL,
        });
        match removed.await {
            Err(error) if !is_unknown(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// The entry at the agent. With a hash, as soon as its own is another one, or after a while.
    async fn local(&self, attempt: &str, id: &str, hash: &str) -> Result<LocalEntry, Error> {
        let mut path = format!("/v1/agent/service/{}", segment(id));
        let mut limit = CALL;
        if !hash.is_empty() {
            path.push_str(&format!("?hash={hash}&wait={}s", WAIT.as_secs()));
            limit += WAIT + WAIT / 16;
        }
        let answer = self.agent.call(Call::get(attempt, path, limit)).await?;
        self.agent.read(attempt, &answer)
    }

    /// The entry and its check, as the agent has them.
    async fn look(&self, attempt: &str, instance: &ServiceInstance) -> Result<Option<Seen>, Error> {
        let id = service_id(instance);
        let local = match self.local(attempt, &id, "").await {
            Ok(local) => local,
            Err(error) if is_unknown(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        // The state is the answer's status: 200, 429 or 503.
        let path = format!("/v1/agent/health/service/id/{}?format=text", segment(&id));
        let is_passing = match self.agent.call(Call::get(attempt, path, CALL)).await {
            Ok(_) => true,
            Err(Error::Refused { .. }) => false,
            Err(error) => return Err(error),
        };
        let entry = local.entry;
        Ok(Some(Seen { entry, is_passing }))
    }

    /// Waits until the catalogue has the instance's entry as it should be. Entries are unique at an agent, so there
    /// may be one of the same id at each of the others.
    async fn until_catalog(
        &self,
        attempt: &str,
        instance: &ServiceInstance,
        is_right: impl Fn(&[Seen]) -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + SHOWN;
        let path = format!(
            "/v1/health/service/{}?filter={}&consistent=1",
            segment(&service_name(instance.name())),
            segment(&format!("Service.ID == \"{}\"", service_id(instance)))
        );
        let (mut index, mut is_hidden) = (0, false);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() && is_hidden {
                return Err(self.agent.without_sight(attempt));
            }
            if left.is_zero() {
                let why = format!(
                    "the agent took it, and the catalogue does not show it after {SHOWN:?}"
                );
                return Err(self.agent.without_effect(attempt, &why));
            }
            let since = match index {
                0 => String::new(),
                index => format!("&index={index}&wait={}ms", left.as_millis().max(1)),
            };
            let limit = left + left / 16 + CALL;
            let call = Call::get(attempt, format!("{path}{since}"), limit);
            let answer = self.agent.call(call).await?;
            let rows: Vec<CatalogRow> = self.agent.read(attempt, &answer)?;
            let seen = rows.into_iter().map(|row| Seen {
                is_passing: row.checks.iter().all(|check| check.status == "passing"),
                entry: row.service,
            });
            let seen: Vec<_> = seen.collect();
            is_hidden = seen.is_empty() && answer.is_filtered;
            if !is_hidden && is_right(&seen) {
                return Ok(());
            }
            if is_hidden {
                // Only an answer that waited for nothing says so: ask for another one of that kind.
                index = 0;
                sleep(SETTLED).await;
                continue;
            }
            index = if answer.index < index {
                0
            } else {
                answer.index
            };
        }
    }

    /// The process that an entry belongs to, unless it is this one.
    fn other_owner(&self, entry: &Entry) -> Option<String> {
        match Owner::of(&entry.tags) {
            Some(owner) if owner == self.owner => None,
            Some(owner) => Some(owner.to_string()),
            None => Some("another program".to_owned()),
        }
    }
}
