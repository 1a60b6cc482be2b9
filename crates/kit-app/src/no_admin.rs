//! In place of the admin server, in a build without it.

use kit_sync::Scope;
use kit_transport::Listening;

use crate::settings::Settings;
use crate::{AppHandle, Error};

/// There is none.
#[derive(Clone, Debug)]
pub(crate) enum Admin {}

impl Admin {
    pub(crate) fn errors(&self) -> Vec<Error> {
        match *self {}
    }
}

/// There is none.
#[derive(Clone, Debug)]
pub(crate) enum AdminRoute {}

impl AdminRoute {
    pub(crate) fn check(_: &[AdminRoute]) -> Vec<Error> {
        Vec::new()
    }
}

#[expect(clippy::unused_async, reason = "the interface of the module with it")]
pub(crate) async fn start(
    admin: Admin,
    _: &AppHandle,
    _: &Settings,
    _: &Scope,
) -> Result<Vec<Listening>, Error> {
    match admin {}
}
