//! What happens at every request: the standard layers, and the question for a token.

use std::time::Duration;

use kit::layers::jwt::{Bearer, Keys};
use kit::layers::{self, Stack};
use serde::Deserialize;
use tower::ServiceBuilder;

/// The claims that a caller's token must have; handlers could ask for them.
#[derive(Deserialize)]
struct Caller {
    #[serde(rename = "sub")]
    _subject: String,
}

/// The layers of both servers. With keys, only callers with a token that one of them has signed get through.
pub(crate) fn layers(limit: Option<Duration>, keys: Option<Keys>) -> impl Stack {
    let standard = layers::standard().deadline(layers::deadline(limit));
    let authenticate = keys.map(|keys| layers::authenticate(Bearer::<Caller>::new(keys)));
    ServiceBuilder::new()
        .layer(standard)
        .option_layer(authenticate)
}
