//! The app's instance in its registries: its endpoints, its registration, its deregistration.

mod advertise;
mod cache;
#[cfg(feature = "consul")]
mod consul;
#[cfg(not(feature = "consul"))]
#[path = "registration/no_consul.rs"]
mod consul;
mod drain;
mod open;
mod registered;
mod scopes;
mod states;
mod table;

pub(crate) use advertise::{Advertise, interfaces, refuse_host};
pub(crate) use cache::refuse_cache_dir;
pub(crate) use drain::Drains;
pub use open::OpenRegistry;
pub(crate) use open::{Opened, Registry, open};
pub(crate) use registered::Registered;
pub(crate) use scopes::RegistrationScopes;
pub use table::RegistrationStatus;
pub(crate) use table::Registrations;

/// The schemes of registries that an app knows from the start.
pub(crate) fn schemes() -> kit_registry::Schemes {
    let mut schemes = kit_registry::Schemes::default();
    consul::add_to(&mut schemes);
    schemes
}
