//! Settings in etcd: each key below a prefix is one, or one key holds a whole document.
//!
//! With `etcd://host:2379/config/orders` the key `/config/orders/http/port` is the setting `http.port`,
//! spelt as in a file; a number is the place in a list, from 0. With
//! `etcd://host:2379/config/orders.toml` that key holds a document, in the format of its extension.
//!
//! The cluster is asked over the JSON gateway, which is part of every etcd from 3.4 on: one request, in
//! the caller's own task, for which gRPC would need a client and its stubs.

use std::sync::Arc;

use super::assignment::{Assignment, Repeated, gather};
use super::format::Format;
use super::layer::Layer;
use crate::problem::{Problem, What};
use crate::tree::key::{KeyPath, Step};
use crate::tree::origin::Origin;
use crate::tree::text::SourceText;
use gateway::{Pair, Range};
use url::Target;

mod gateway;
mod url;

/// Reads the settings at a URL: `etcd://user:password@host:port,host:port/config/orders`.
///
/// The endpoints are tried in their order, each for at most 3 seconds. A cluster that does not answer
/// is a problem, and so is a place without any key, unless it is optional. No problem has the user or
/// the password.
///
/// # Cancel safety
/// Dropping the future closes the connection; etcd is only read.
pub(crate) async fn read(url: &str, is_optional: bool) -> Layer {
    let place = match url::parse(url) {
        Ok(place) => place,
        Err(message) => {
            let origin = Origin::Remote("etcd".into());
            let what = What::Syntax { message };
            return Layer::failed(Problem::new(origin, KeyPath::root(), what));
        }
    };
    let path = &place.path;
    let format = Format::of(path.as_ref());
    let range = match format {
        Some(_) => Range::key(path),
        None => Range::below(path),
    };
    let pairs = match gateway::read(&place, &range).await {
        Ok(pairs) => pairs,
        Err(reason) => return unreadable(&place, reason),
    };
    match (format, pairs.as_slice()) {
        (_, []) if is_optional => Layer::empty(origin(path)),
        (Some(_), []) => unreadable(&place, "there is no such key".to_owned()),
        (None, []) => unreadable(&place, "there is no key below it".to_owned()),
        (Some(format), [pair, ..]) => document(path, pair, format),
        (None, pairs) => settings(path, pairs),
    }
}

fn origin(key: &str) -> Origin {
    Origin::Remote(format!("etcd key {key}").into())
}

fn unreadable(place: &Target, reason: String) -> Layer {
    let what = What::Unreadable {
        attempt: format!(
            "read {} from etcd at {}",
            place.path,
            place.hosts.join(", ")
        ),
        reason,
    };
    Layer::failed(Problem::new(
        Origin::Remote("etcd".into()),
        KeyPath::root(),
        what,
    ))
}

fn document(key: &str, pair: &Pair, format: Format) -> Layer {
    match std::str::from_utf8(&pair.value) {
        Ok(text) => {
            let text = text.trim_start_matches('\u{feff}');
            let text: Arc<SourceText> = SourceText::new(format!("etcd key {key}"), text);
            format.parse(&text)
        }
        Err(_) => {
            let message = "its value is not UTF-8".to_owned();
            let what = What::Syntax { message };
            Layer::failed(Problem::new(origin(key), KeyPath::root(), what))
        }
    }
}

/// Each key is a setting, whose parts `/` divides.
fn settings(prefix: &str, pairs: &[Pair]) -> Layer {
    let mut problems = Vec::new();
    let mut assignments = Vec::new();
    for pair in pairs {
        let name = String::from_utf8_lossy(&pair.key);
        let origin = origin(&name);
        let rest = name.strip_prefix(prefix).unwrap_or(&name);
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let key: KeyPath = rest
            .split('/')
            .map(|part| Step::Key(part.to_owned()))
            .collect();
        // Tools make `/config/orders/http/` to show a folder.
        if rest.is_empty() || rest.ends_with('/') && pair.value.is_empty() {
            continue;
        }
        let refused = if std::str::from_utf8(&pair.key).is_err() {
            Some("its name is not UTF-8")
        } else if rest.split('/').any(str::is_empty) {
            Some("a part of its name is empty")
        } else {
            None
        };
        let text = String::from_utf8(pair.value.clone()).map_err(|_| "its value is not UTF-8");
        match (refused, text) {
            (None, Ok(text)) => assignments.push(Assignment { key, text, origin }),
            (Some(message), _) | (None, Err(message)) => {
                let message = message.to_owned();
                problems.push(Problem::new(origin, key, What::Syntax { message }));
            }
        }
    }
    let mut layer = gather(origin(prefix), assignments, Repeated::IsProblem);
    layer.problems.splice(..0, problems);
    layer
}

#[cfg(test)]
mod tests;
