//! The application, as one of its components sees it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::Extensions;
use kit_sync::{Gate, Latch, Scope};
use tokio::sync::watch;

#[cfg(feature = "driver")]
use crate::inherited::InheritedKey;
use crate::{
    Cut, Cuts, Drained, Inherited, InheritedListeners, Intake, Lifecycle, Meter, MissingValue,
    Traffic, Values,
};

/// The application, as it hands itself to a component: the scope of its tasks, the stages of its
/// life, and calls by which the component reports back. Cheap to clone.
///
/// `kit-app` drives it; a test can too:
///
/// ```
/// use kit_sync::TaskTree;
/// use kit_transport::{Context, Lifecycle};
/// use tokio::sync::watch;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tree = TaskTree::new("test");
/// let (life, seen) = watch::channel(Lifecycle::new());
/// let ctx = Context::new(tree.scope().child("http"), seen);
/// life.send_modify(|life| life.healthy = true);
/// assert!(ctx.lifecycle().borrow().healthy);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    scope: Scope,
    lifecycle: watch::Receiver<Lifecycle>,
    intake: Intake,
    cuts: Arc<Cuts>,
    meter: Meter,
    in_flight: InFlight,
    remarks: Remarks,
    drained: Arc<OnceLock<Drained>>,
    gate: Gate,
    extensions: Arc<Extensions>,
    app_values: Arc<Values>,
    inherited: InheritedListeners,
}

type Names = dyn Fn(usize) -> Vec<String> + Send + Sync;

/// Finds the names of the exchanges in flight.
#[derive(Clone, Default)]
struct InFlight(Arc<OnceLock<Box<Names>>>);

type Take = dyn Fn(String) + Send + Sync;

/// Takes a remark.
#[derive(Clone, Default)]
struct Remarks(Arc<OnceLock<Box<Take>>>);

impl fmt::Debug for Remarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remarks")
            .field(&self.0.get().is_some())
            .finish()
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InFlight")
            .field(&self.0.get().is_some())
            .finish()
    }
}

impl Context {
    /// A context whose tasks live in `scope` and that sees `lifecycle`; with its own gate, an intake
    /// that stays open, and without extensions.
    #[must_use]
    pub fn new(scope: Scope, lifecycle: watch::Receiver<Lifecycle>) -> Context {
        let cuts = Arc::<Cuts>::default();
        Context {
            scope,
            lifecycle,
            intake: Intake::always_open(),
            meter: Meter::new(Arc::clone(&cuts)),
            cuts,
            in_flight: InFlight::default(),
            remarks: Remarks::default(),
            drained: Arc::default(),
            gate: Gate::new(),
            extensions: Arc::default(),
            app_values: Arc::default(),
            inherited: InheritedListeners::default(),
        }
    }

    /// The same context with the application's gate, and the values that every request's extensions
    /// have.
    #[must_use]
    pub fn with(self, gate: Gate, extensions: Extensions) -> Context {
        let extensions = Arc::new(extensions);
        Context {
            gate,
            extensions,
            ..self
        }
    }

    /// The same context with values for the components, which [`get`](Self::get) and
    /// [`app`](Self::app) find by their type, and `CallContext::app` for a request. An app of `kit-app`
    /// gives its `Info`, its `AppHandle`, and each resource that it has opened before. They cost a
    /// request nothing.
    ///
    /// ```
    /// use kit_sync::TaskTree;
    /// use kit_transport::{Context, Lifecycle, Values};
    /// use tokio::sync::watch;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// #[derive(Clone)]
    /// struct Zone(&'static str);
    ///
    /// let tree = TaskTree::new("test");
    /// let (_life, seen) = watch::channel(Lifecycle::new());
    /// let mut values = Values::new();
    /// values.insert(Zone("sh001"));
    /// let ctx = Context::new(tree.scope().child("http"), seen).with_app_values(values);
    /// assert_eq!(ctx.app::<Zone>().map(|zone| zone.0), Some("sh001"));
    /// assert!(ctx.get::<String>().is_err());
    /// # }
    /// ```
    #[must_use]
    pub fn with_app_values(self, values: Values) -> Context {
        let app_values = Arc::new(values);
        Context { app_values, ..self }
    }

    /// The same context with the listeners that the process has inherited.
    #[must_use]
    pub fn with_inherited(self, inherited: InheritedListeners) -> Context {
        Context { inherited, ..self }
    }

    /// The same context with the application's intake, of which it has the
    /// [`IntakeSwitch`](crate::IntakeSwitch).
    #[must_use]
    pub fn with_intake(self, intake: Intake) -> Context {
        Context { intake, ..self }
    }

    /// The same context for tasks that live in `scope`, below the component's.
    #[must_use]
    pub fn with_scope(self, scope: Scope) -> Context {
        Context { scope, ..self }
    }

    /// Where the component's tasks live. Its token means: drain and end.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The application's life, as it concerns this component.
    #[must_use]
    pub fn lifecycle(&self) -> watch::Receiver<Lifecycle> {
        self.lifecycle.clone()
    }

    /// Whether new work may be taken in: closed from the first moment of a stop, and while a drain that
    /// was asked for lasts. A consumer of a queue stops pulling when it closes, and finishes what it
    /// holds until its scope is cancelled.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Counts an exchange or a connection that was cut at the deadline; `which` names it in the
    /// report (`GET /orders from 10.0.0.7:41000`). A cut [`Cut::Request`] makes the exit code 1.
    pub fn count_cut(&self, what: Cut, which: impl Into<String>) {
        self.cuts.count(what, which.into());
    }

    /// The cuts so far.
    #[must_use]
    pub fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// Reports a fact that deserves attention and changes nothing, such as a certificate that expires
    /// soon. The call waits for no log: the application makes an event of it. Without an application
    /// it is a warning in the log.
    pub fn remark(&self, what: impl Into<String>) {
        let what = what.into();
        match self.remarks.0.get() {
            Some(take) => take(what),
            None => tracing::warn!("{what}"),
        }
    }

    /// The same context, whose remarks are given to `take`, which must not block.
    #[must_use]
    pub fn with_remarks(self, take: impl Fn(String) + Send + Sync + 'static) -> Context {
        let _ = self.remarks.0.set(Box::new(take));
        self
    }

    /// Sets the function that names the exchanges in flight, as `GET /orders from 10.0.0.7:41000,
    /// 1.2 s`. The application calls it to say what it waits for, with the largest number of names
    /// that it wants. It must not block. Only the first call of this method counts.
    pub fn set_in_flight(&self, names: impl Fn(usize) -> Vec<String> + Send + Sync + 'static) {
        let _ = self.in_flight.0.set(Box::new(names));
    }

    /// The names of at most `most` exchanges in flight; none if the component has not
    /// [set](Self::set_in_flight) how to find them.
    #[must_use]
    pub fn in_flight(&self, most: usize) -> Vec<String> {
        let names = self.in_flight.0.get();
        names.map_or_else(Vec::new, |names| names(most))
    }

    /// Sets the function that reads what the component has accepted, served and refused. It must not
    /// block. Only the first call of this method counts.
    pub fn set_traffic(&self, read: impl Fn() -> Traffic + Send + Sync + 'static) {
        self.meter.set(read);
    }

    /// Reads the component's [`Traffic`] and cuts. A clone of it keeps no context alive.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Reports the result of the server's drain. Only the first call counts.
    pub fn report_drained(&self, drained: Drained) {
        let _ = self.drained.set(drained);
    }

    /// The result of the drain, once it has ended.
    #[must_use]
    pub fn drained(&self) -> Option<&Drained> {
        self.drained.get()
    }

    /// Holds the application's readiness back until the latch is opened; `what` names it where the
    /// application says what it waits for.
    pub fn latch(&self, what: &'static str) -> Latch {
        self.gate.latch(what)
    }

    /// The values that the application's author added for every request's extensions, beside the
    /// server's own. Each costs every request a clone.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// A clone of the value of this type: a resource that the application has opened before this
    /// component's start, its `AppHandle`, its `Info`.
    ///
    /// ```
    /// use kit_transport::{Context, MissingValue};
    ///
    /// #[derive(Clone)]
    /// struct Pool;
    ///
    /// fn pool_of(ctx: &Context) -> Result<Pool, MissingValue> {
    ///     ctx.get()
    /// }
    /// ```
    ///
    /// # Errors
    /// [`MissingValue`] with the names of those that are there. By `?` it fails the start of a component.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Result<T, MissingValue> {
        self.app_values.require()
    }

    /// The value of this type that the application [gave](Self::with_app_values) its components,
    /// by reference.
    #[must_use]
    pub fn app<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.app_values.get()
    }

    /// All of these values, for a server that passes them on to its requests.
    #[must_use]
    pub fn app_values(&self) -> &Arc<Values> {
        &self.app_values
    }

    /// Takes the `index`th listener that the process has inherited (`LISTEN_FDS`); a second call
    /// gives `None`.
    #[must_use]
    pub fn inherited(&self, index: usize) -> Option<Inherited> {
        self.inherited.take(index)
    }

    /// Takes the inherited listener of this name (`LISTEN_FDNAMES`); `None` once it was taken, when there
    /// is none, and when several have the name.
    #[must_use]
    pub fn inherited_named(&self, name: &str) -> Option<Inherited> {
        self.inherited.take_named(name)
    }

    /// # Errors
    /// Why it cannot be had.
    #[cfg(feature = "driver")]
    pub(crate) fn claim_inherited(&self, wanted: &InheritedKey) -> Result<Inherited, String> {
        self.inherited.claim(wanted)
    }
}
