//! A registry that answers as the test says.

use std::future::pending;
use std::sync::Arc;

use async_trait::async_trait;
use kit_registry::{Backend, Discovery, Error, Memory, Registrar, ServiceName, Snapshot, Watch};
use kit_sync::Scope;
use tokio::sync::watch;

use crate::bench::instances;

/// The memory registry behind a switch.
#[derive(Clone)]
pub(crate) struct Switched {
    memory: Memory,
    answer: watch::Sender<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    Yes,
    Refused,
    /// None, until the answer is another one.
    None,
}

struct View {
    memory: Backend,
    answer: watch::Receiver<Answer>,
}

impl Switched {
    pub(crate) fn new() -> Switched {
        Switched {
            memory: Memory::new(),
            answer: watch::Sender::new(Answer::Yes),
        }
    }

    pub(crate) fn answers(&self, answer: Answer) {
        self.answer.send_replace(answer);
    }

    /// Shows these instances and no others.
    pub(crate) async fn show(&self, ids: &[&str]) {
        let name = crate::bench::service();
        let shown = self.memory.instances(&name).await.expect("a list");
        for gone in shown.instances.iter() {
            if !ids.contains(&gone.id()) {
                self.memory.deregister(gone).await.expect("gone");
            }
        }
        for instance in instances(ids) {
            self.memory.register(&instance).await.expect("shown");
        }
    }

    pub(crate) fn open(&self, scope: &Scope) -> Backend {
        let memory = self.memory.open(scope);
        let registrar = Arc::clone(&memory.registrar);
        let answer = self.answer.subscribe();
        let view = Arc::new(View { memory, answer });
        Backend::new("fake at h:1", registrar, view)
    }
}

impl View {
    async fn answer(&self, attempt: &str) -> Result<(), Error> {
        let mut answer = self.answer.clone();
        let answered = answer.wait_for(|answer| *answer != Answer::None).await;
        match answered.map(|answer| *answer) {
            Ok(Answer::Yes) => Ok(()),
            // No test will change it.
            Err(_gone) => pending().await,
            Ok(_) => Err(Error::unreachable(attempt, "fake at h:1", "refused")),
        }
    }
}

#[async_trait]
impl Discovery for View {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        self.answer("list").await?;
        self.memory.discovery.instances(service).await
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        self.answer("watch").await?;
        self.memory.discovery.watch(service).await
    }
}
