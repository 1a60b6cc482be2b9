//! Outgoing calls of gRPC, as a part of the request for which they are made.

use tonic::metadata::MetadataMap;

use crate::layers::Current;

/// [`Current::propagate`] for the metadata of an outgoing call.
///
/// ```
/// use kit_transport::grpc;
/// use kit_transport::layers::Current;
///
/// fn request<T>(message: T) -> tonic::Request<T> {
///     let mut request = tonic::Request::new(message);
///     if let Some(current) = Current::get() {
///         grpc::propagate(&current, request.metadata_mut());
///     }
///     request
/// }
/// # assert!(request(()).metadata().is_empty());
/// ```
pub fn propagate(current: &Current, metadata: &mut MetadataMap) {
    let mut headers = std::mem::take(metadata).into_headers();
    current.propagate(&mut headers);
    *metadata = MetadataMap::from_headers(headers);
}
