//! What happens at every request: the standard layers, and the question who calls.

use std::time::Duration;

use kit::layers::jwt::{Bearer, Key, KeyError, Keys};
use kit::layers::{self, Stack};
use serde::Deserialize;
use tower::ServiceBuilder;

/// The claims that a caller's token must have; handlers could ask for them.
#[derive(Deserialize)]
struct Caller {
    #[serde(rename = "sub")]
    _subject: String,
}

/// The layers of both servers. With a key, only callers with a token that it has signed get through.
pub(crate) fn layers(deadline: Option<Duration>, key: Option<Key>) -> Result<impl Stack, KeyError> {
    let standard = layers::standard().deadline(layers::deadline(deadline));
    let keys = key.map(|key| Keys::new([key])).transpose()?;
    let authenticate = keys.map(|keys| layers::authenticate(Bearer::<Caller>::new(keys)));
    Ok(ServiceBuilder::new()
        .layer(standard)
        .option_layer(authenticate))
}
