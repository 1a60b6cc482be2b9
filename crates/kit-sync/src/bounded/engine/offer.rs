//! The front's side: who brings a future.

use std::future::Future;
use std::hint;
use std::sync::Arc;
use std::task::Waker;

use super::super::front::{Hail, Ticket, Turn};
use super::super::here;
use super::super::job::Spawned;
use super::super::runtime::{PATIENCE, WHILE};
use super::{Engine, settle};
use crate::sync::{Ordering, lock};

/// Why a future was not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum No {
    /// No place is free. One may be `soon`, since a runner is at work.
    Place {
        soon: bool,
    },
    Owner,
    /// See [`Turn::Never`].
    Way,
}

impl<E: Send + 'static> Engine<E> {
    /// Takes a future if a place is free, as far as the front knows: places of tasks that have
    /// just ended may not have been given back yet.
    pub(in super::super) fn offer<F>(
        self: &Arc<Self>,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let mut front = lock(&self.front.0);
        if front.over {
            return Err((No::Owner, task));
        }
        if !front.take() {
            let soon = !front.asleep;
            return Err((No::Place { soon }, task));
        }
        let hail = front.bring(Box::into_pin(task), here::is_outside());
        drop(front);
        self.hail(hail);
        Ok(())
    }

    /// Takes a future if a place is free.
    pub(in super::super) fn offer_now<F>(
        self: &Arc<Self>,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        match self.offer(task) {
            Err((No::Place { .. }, task)) => {
                let mut back = lock(&self.back.0);
                let freed = settle(&mut back, &mut lock(&self.front.0), None);
                drop(back);
                freed.wake();
                self.offer(task)
            }
            offered => offered,
        }
    }

    /// Takes a future if a place is free, or becomes free in a moment. For a thread that waits in
    /// `block_on` it takes many times longer to sleep and be woken than to run a short task, and
    /// nobody else wants it meanwhile.
    pub(in super::super) fn offer_patiently<F>(
        self: &Arc<Self>,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let mut offered = self.offer(task);
        if offered.is_err() && self.runtime.has_threads() && here::is_outside() {
            for _ in 0..PATIENCE {
                let Err((No::Place { soon: true }, task)) = offered else {
                    break;
                };
                (0..WHILE).for_each(|_| hint::spin_loop());
                offered = self.offer(task);
            }
        }
        offered
    }

    /// Takes a future when its turn has come; until then it is in line.
    pub(in super::super) fn ask<F>(
        self: &Arc<Self>,
        ticket: &mut Option<Ticket>,
        waker: &Waker,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let inside = here::task_of(self.id());
        let waker = waker.clone();
        let mut back = lock(&self.back.0);
        let mut front = lock(&self.front.0);
        if front.over {
            *ticket = None;
            drop((front, back));
            return Err((No::Owner, task));
        }
        let freed = settle(&mut back, &mut front, None);
        let (turn, unused) = front.ask(ticket, waker, inside);
        let asked = match turn {
            Turn::Yours => Ok(front.bring(Box::into_pin(task), here::is_outside())),
            Turn::Wait => {
                back.crowded = true;
                Err((No::Place { soon: false }, task))
            }
            Turn::Never => Err((No::Way, task)),
        };
        drop((front, back));
        drop(unused);
        freed.wake();
        asked.map(|hail| self.hail(hail))
    }

    fn hail(self: &Arc<Self>, hail: Hail) {
        match hail {
            Hail::Nobody => {}
            Hail::Lingering => self.nudge.0.store(true, Ordering::Relaxed),
            Hail::Parked => {
                let mut back = lock(&self.back.0);
                if !back.over {
                    let call = back.call();
                    let arm = back.arm();
                    drop(back);
                    self.follow(call, arm);
                }
            }
        }
    }
}

impl<E> Engine<E> {
    /// Leaves the line.
    pub(in super::super) fn forgo(&self, ticket: Ticket) {
        let mut front = lock(&self.front.0);
        if front.over {
            return;
        }
        let (mine, freed) = front.forgo(ticket);
        drop(front);
        drop(mine);
        freed.wake();
    }
}
