//! Reflection, in both versions that clients ask for.

use prost::Message as _;
use prost_types::FileDescriptorSet;
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

/// The paths of the methods that descriptor sets name, those of health and reflection included. One that
/// cannot be read names none: reflection refuses it.
pub(super) fn methods(descriptors: &[&'static [u8]]) -> Vec<String> {
    let own = [
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let sets = descriptors.iter().copied().chain(own);
    let sets = sets.filter_map(|set| FileDescriptorSet::decode(set).ok());
    let mut paths = Vec::new();
    for file in sets.flat_map(|set| set.file) {
        for service in &file.service {
            let methods = service.method.iter();
            paths.extend(methods.map(|method| {
                let (package, service) = (file.package(), service.name());
                let dot = if package.is_empty() { "" } else { "." };
                format!("/{package}{dot}{service}/{}", method.name())
            }));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_from_descriptor_sets() {
        let paths = methods(&[b"not a set"]);
        assert!(
            paths.contains(&"/grpc.health.v1.Health/Check".to_owned()),
            "{paths:?}"
        );
        let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
        assert!(paths.contains(&reflection.to_owned()), "{paths:?}");
    }
}
