//! Drains by request, as consumers and registries see them: intake closes and the instance goes, and
//! both come back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Group, Scope, error_chain};
use tokio::time::sleep;

use super::open::Opened;
use crate::Event;
use crate::control::DrainAsked;
use crate::core::Core;

/// Closes the intake at a drain and takes the instance out of its registries, and does the opposite when
/// that is taken back. Lives as long as the app starts or runs; a stop goes on from where this is.
pub(crate) struct Drains {
    pub(crate) core: Arc<Core>,
    pub(crate) registries: Vec<Opened>,
    /// Where registrations live.
    pub(crate) scope: Scope,
    pub(crate) drain_delay: Duration,
}

impl Drains {
    /// Never ends.
    ///
    /// A drain that comes while the instance of the one before is still being taken away goes on with
    /// that: two registrations of one instance at the same time would be rivals.
    pub(crate) async fn follow(self) {
        let control = Arc::clone(&self.core.control);
        loop {
            let drain = control.drain_asked().await;
            // By this task alone, so that the last request wins. A stop has the last word.
            self.core.intake.close();
            let why = drain.why.clone();
            self.core.emit(Event::DrainBegan { why });
            tokio::select! {
                biased;
                () = control.drain_taken_back() => {}
                () = self.withdraw(&drain) => {}
            }
            self.core.intake.open();
            self.core.emit(Event::DrainEnded);
            tokio::select! {
                biased;
                // The rest of this is done after that one.
                _ = control.drain_asked() => {}
                () = self.register_again() => {}
            }
        }
    }

    /// Deregisters everywhere at the same time, and waits for the drain delay. Never ends.
    async fn withdraw(&self, drain: &DrainAsked) {
        let mut leaving = Group::<Infallible>::new();
        for registered in self.core.registrations.withdraw() {
            let journal = Arc::clone(&self.core.journal);
            leaving.spawn(async move {
                registered.withdraw(&journal).await;
                Ok(())
            });
        }
        let Ok(()) = leaving.wait().await;
        self.core.registrations.mark_gone();
        sleep(self.drain_delay).await;
        let took = drain.at.elapsed();
        self.core.emit(Event::Drained { took });
        std::future::pending::<()>().await;
    }

    async fn register_again(&self) {
        let Drains {
            core,
            registries,
            scope,
            ..
        } = self;
        for registered in core.registrations.all() {
            registered.gone().await;
        }
        let begun = core.registrations.restore(registries, scope, &core.journal);
        if let Err(error) = begun {
            core.journal.remark(error_chain(&error));
        }
    }
}
