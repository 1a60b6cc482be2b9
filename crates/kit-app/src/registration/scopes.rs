//! Where the tasks of registrations live.

use kit_sync::Scope;

/// The scopes of registrations and of the connections to registries that they use.
pub(crate) struct RegistrationScopes {
    pub(crate) registrations: Scope,
    pub(crate) connections: Scope,
}

impl RegistrationScopes {
    pub(crate) fn below(root: &Scope) -> RegistrationScopes {
        RegistrationScopes {
            registrations: root.child("registrations"),
            connections: root.child("registries"),
        }
    }

    /// In the order in which they are closed: connections after the registrations that use them.
    pub(crate) fn into_order(self) -> [Scope; 2] {
        [self.registrations, self.connections]
    }
}
