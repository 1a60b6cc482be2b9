//! What a reload has to know of settings, from their shape.

use super::fresh::Mark;
use crate::shape::{Kind, Shape};
use crate::tree::key::KeyPath;

/// The mark of the setting with this key; one without a place could be a secret.
pub(crate) fn mark(shape: &Shape, key: &KeyPath) -> Mark {
    let Some(place) = shape.at(key) else {
        return Mark {
            is_secret: true,
            ..Mark::default()
        };
    };
    let tables = place
        .kinds()
        .iter()
        .filter(|kind| matches!(kind, Kind::Table(_)));
    Mark {
        is_live: place.is_live(),
        is_secret: place.is_secret(),
        is_url: place.is_url(),
        is_choice: tables.count() > 1,
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::Live;

    #[derive(Deserialize, JsonSchema, Serialize)]
    struct Orders {
        port: u16,
        limits: Live<Limits>,
        store: Store,
        tls: Option<Live<Limits>>,
        servers: Vec<Live<Limits>>,
        plain: Limits,
    }

    #[derive(Deserialize, JsonSchema, Serialize)]
    struct Limits {
        most: u32,
    }

    #[derive(Deserialize, JsonSchema, Serialize)]
    #[serde(tag = "kind")]
    enum Store {
        Memory { size: Live<u32> },
        Disk { path: String },
    }

    #[test]
    fn the_marks_are_those_of_the_type() {
        let shape = Shape::of::<Orders>();
        let root = KeyPath::root();
        let store = root.key("store");
        let live = [
            root.key("limits"),
            root.key("limits").key("most"),
            root.key("tls").key("most"),
            root.key("servers").index(3).key("most"),
            store.key("size"),
        ];
        for key in live {
            assert!(mark(&shape, &key).is_live, "{key}");
        }
        let fixed = [
            root.clone(),
            root.key("port"),
            root.key("servers"),
            root.key("plain").key("most"),
            store.key("path"),
            root.key("unknown"),
        ];
        for key in fixed {
            assert!(!mark(&shape, &key).is_live, "{key}");
        }
        assert!(mark(&shape, &store).is_choice);
        assert!(!mark(&shape, &root).is_choice);
    }
}
