//! The spans and events of a test's thread.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

use crate::fixture::PATIENCE;

/// Fields by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        self.find(name)
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// Puts the same value in place of each, where it is there.
    pub(crate) fn replace(&mut self, names: &[&str], value: &str) {
        for name in names {
            if let Some(field) = self.0.get_mut(*name) {
                value.clone_into(field);
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

/// An event, or a span that has closed.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) level: Level,
    pub(crate) fields: Fields,
    /// The fields of the innermost span of an event.
    pub(crate) span: Option<Fields>,
    pub(crate) is_span: bool,
}

struct OpenSpan {
    target: String,
    level: Level,
    fields: Fields,
    handles: usize,
}

struct Spans {
    most: Level,
    next: AtomicU64,
    open: Mutex<HashMap<u64, OpenSpan>>,
    entered: Mutex<Vec<u64>>,
    seen: UnboundedSender<Seen>,
}

/// What this thread logs up to this level while the guard is held.
pub(crate) struct Log {
    seen: UnboundedReceiver<Seen>,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn up_to(most: Level) -> Log {
        let (sender, seen) = unbounded_channel();
        let spans = Spans {
            most,
            next: AtomicU64::new(1),
            open: Mutex::default(),
            entered: Mutex::default(),
            seen: sender,
        };
        Log {
            seen,
            _guard: tracing::subscriber::set_default(spans),
        }
    }

    /// Waits for the next one of this target; those of others are passed over.
    pub(crate) async fn next(&mut self, target: &str) -> Seen {
        let next = async {
            loop {
                let seen = self.seen.recv().await.expect("the guard is held");
                if seen.target == target {
                    return seen;
                }
            }
        };
        timeout(PATIENCE, next).await.expect("it logs")
    }

    /// Those of this target that are there already.
    pub(crate) fn take(&mut self, target: &str) -> Vec<Seen> {
        let mut seen = self.take_all();
        seen.retain(|seen| seen.target == target);
        seen
    }

    /// Those of all targets.
    pub(crate) fn take_all(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.most
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = OpenSpan {
            target: attributes.metadata().target().to_owned(),
            level: *attributes.metadata().level(),
            fields,
            handles: 1,
        };
        self.open.lock().unwrap().insert(id, span);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut open = self.open.lock().unwrap();
        values.record(&mut open.get_mut(&id.into_u64()).expect("open").fields);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let open = self.open.lock().unwrap();
        let innermost = self.entered.lock().unwrap().last().copied();
        let span = innermost.and_then(|id| open.get(&id));
        let _ = self.seen.send(Seen {
            target: event.metadata().target().to_owned(),
            level: *event.metadata().level(),
            fields,
            span: span.map(|span| span.fields.clone()),
            is_span: false,
        });
    }

    fn enter(&self, id: &Id) {
        self.entered.lock().unwrap().push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        let mut entered = self.entered.lock().unwrap();
        let at = entered
            .iter()
            .rposition(|entered| *entered == id.into_u64());
        entered.remove(at.expect("entered"));
    }

    fn clone_span(&self, id: &Id) -> Id {
        let mut open = self.open.lock().unwrap();
        open.get_mut(&id.into_u64()).expect("open").handles += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut open = self.open.lock().unwrap();
        let span = open.get_mut(&id.into_u64()).expect("open");
        span.handles -= 1;
        if span.handles > 0 {
            return false;
        }
        let span = open.remove(&id.into_u64()).expect("open");
        let _ = self.seen.send(Seen {
            target: span.target,
            level: span.level,
            fields: span.fields,
            span: None,
            is_span: true,
        });
        true
    }
}
