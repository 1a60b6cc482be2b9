//! Resources: values that are opened before every component and closed after them.

mod open;
mod opening;
mod options;
mod resources;
mod tasks;
mod unopened;

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use kit_sync::BoxError;
use kit_transport::{Context, Values};

pub(crate) use open::OpenResource;
pub(crate) use opening::{EndOfOpen, Opening};
pub use options::{ResourceLimits, ResourceOptions};
pub(crate) use resources::Resources;
pub(crate) use unopened::UnopenedResource;

type Call<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

type OpenFn = dyn FnOnce(Context) -> Call<Held> + Send;

type PutFn = dyn FnOnce(&str, &mut Values) + Send;

type CloseFn = dyn FnOnce() -> Call<()> + Send;

/// A resource that was not opened yet.
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) limits: ResourceLimits,
    pub(crate) value: ValueType,
    /// Where it was added to the app.
    added_at: &'static Location<'static>,
    /// In a mutex, because a function that is called once is not `Sync`, and the future of a run,
    /// which borrows the resources, has to be `Send`.
    open: Mutex<Box<OpenFn>>,
}

/// The type by which a value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ValueType {
    id: TypeId,
    pub(crate) name: &'static str,
}

impl ValueType {
    pub(crate) fn of<T: 'static>() -> ValueType {
        ValueType {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }
}

/// The value of a resource that is open, without its type.
pub(crate) struct Held {
    put: Box<PutFn>,
    remove: fn(&mut Values) -> bool,
    close: Box<CloseFn>,
}

impl Resource {
    #[track_caller]
    pub(crate) fn new<T, O, OFut, C, CFut>(
        name: String,
        limits: ResourceLimits,
        open: O,
        close: C,
    ) -> Resource
    where
        T: Clone + Send + Sync + 'static,
        O: FnOnce(Context) -> OFut + Send + 'static,
        OFut: Future<Output = Result<T, BoxError>> + Send + 'static,
        C: FnOnce(T) -> CFut + Send + 'static,
        CFut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let open = move |ctx| -> Call<Held> {
            Box::pin(async move {
                let value = open(ctx).await?;
                let shared = value.clone();
                Ok(Held {
                    put: Box::new(move |name, values| values.insert_named(name, shared)),
                    remove: Values::remove::<T>,
                    // A panic in the function itself is one of the future, too.
                    close: Box::new(move || Box::pin(async move { close(value).await })),
                })
            })
        };
        Resource {
            name,
            limits,
            value: ValueType::of::<T>(),
            added_at: Location::caller(),
            open: Mutex::new(Box::new(open)),
        }
    }

    fn into_open(self) -> Box<OpenFn> {
        self.open
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`)", self.name, self.value.name)
    }
}
