//! What the servers of the benchmark have in common, so that they differ in nothing but what serves.

mod addresses;
mod greeting;
mod routes;

pub use addresses::Addresses;
pub use greeting::{Greeting, service};
pub use routes::routes;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[allow(
    missing_docs,
    unnameable_types,
    unreachable_pub,
    clippy::all,
    reason = "generated"
)]
mod proto {
    tonic::include_proto!("helloworld.v1");
}

/// The most characters of a name.
const LONGEST_NAME: usize = 64;

/// The time that `500ms` stands for.
fn parse_delay(text: &str) -> Option<std::time::Duration> {
    let millis = text.strip_suffix("ms")?.parse().ok()?;
    Some(std::time::Duration::from_millis(millis))
}
