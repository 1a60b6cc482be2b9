//! Reflection, in both versions that clients ask for.

use tonic_reflection::server::{Builder, Error};

use super::dispatch::Dispatch;
use super::until_drain::UntilDrain;
use crate::{Context, StartError};

/// Adds `v1` and, for older clients, `v1alpha`, where the author has added none.
pub(super) fn add(
    services: &mut Dispatch,
    ctx: &Context,
    descriptors: &[&'static [u8]],
) -> Result<(), StartError> {
    let builder = || {
        descriptors
            .iter()
            .chain([&tonic_health::pb::FILE_DESCRIPTOR_SET])
            .fold(Builder::configure(), |builder, set| {
                builder.register_encoded_file_descriptor_set(set)
            })
    };
    let failed = |error: Error| StartError::Reflection {
        source: error.into(),
    };
    let token = ctx.scope().token();
    let v1 = UntilDrain::new(builder().build_v1().map_err(failed)?, token.clone());
    let v1alpha = UntilDrain::new(builder().build_v1alpha().map_err(failed)?, token.clone());
    services.add(v1);
    services.add(v1alpha);
    Ok(())
}
