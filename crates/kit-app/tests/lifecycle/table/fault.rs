//! The failure of one cell, where the app comes to its point.

use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kit_app::{BoxError, Signal, SignalSender};
use kit_sync::StopToken;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::point::{Kind, Point};
use crate::fakes::Record;

/// The line that the point was reached.
pub(super) const HERE: &str = "here";

#[derive(Clone)]
pub(super) struct Fault {
    pub(super) at: Point,
    pub(super) kind: Kind,
    pub(super) record: Record,
    pub(super) signals: SignalSender,
    /// What runs may fail now: the app is ready, or has come to its drain delay.
    pub(super) go: Arc<Notify>,
    /// When the point was reached.
    pub(super) reached: Arc<OnceLock<Instant>>,
}

impl Fault {
    /// Fails if this is the point, in the way of the cell; in any other case it returns at once.
    pub(super) async fn here(
        &self,
        point: Point,
        token: Option<&StopToken>,
    ) -> Result<(), BoxError> {
        if point != self.at {
            return Ok(());
        }
        self.mark();
        let cancelled = async || match token {
            Some(token) => token.cancelled().await,
            None => pending().await,
        };
        match self.kind {
            Kind::Error => Err("bad luck".into()),
            Kind::Panic => panic!("bad luck"),
            Kind::Ends => Ok(()),
            Kind::Slow => {
                cancelled().await;
                Err("it was cancelled".into())
            }
            Kind::Deaf => pending().await,
            Kind::CalledOff => {
                self.signals.send(Signal::TERM);
                if token.is_none() || point.is_in_the_stop() && point != Point::DrainDelay {
                    return Ok(());
                }
                cancelled().await;
                if point == Point::DrainDelay {
                    return Ok(());
                }
                Err("it was cancelled".into())
            }
            Kind::CalledOffDeaf => {
                self.signals.send(Signal::TERM);
                pending().await
            }
            Kind::Forced => {
                self.signals.send(Signal::TERM);
                sleep(Duration::from_secs(1)).await;
                self.signals.send(Signal::QUIT);
                pending().await
            }
        }
    }

    pub(super) fn mark(&self) {
        self.record.add(HERE);
        // Work that begins anew has failed already.
        let _ = self.reached.set(Instant::now());
    }

    /// What a component does once it has begun: fails while the app is ready or in its drain delay, or in its drain.
    pub(super) async fn running(
        &self,
        [runs, drains]: [Point; 2],
        token: &StopToken,
    ) -> Result<(), BoxError> {
        if self.at == runs {
            self.go.notified().await;
            return self.here(runs, Some(token)).await;
        }
        token.cancelled().await;
        self.here(drains, None).await
    }
}
