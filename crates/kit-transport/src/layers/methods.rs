//! The methods of a server's gRPC services, as far as they are known.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::operations::Operation;

/// How many methods may become known by their answers. A service may take any method that its client
/// writes, and answer it.
const MOST: usize = 1_000;

/// The methods by their paths, `/package.Service/Method`.
///
/// A path stands in it when a descriptor set has named it, or after an answer other than
/// `UNIMPLEMENTED`. It is read at every call and written at few.
#[derive(Debug)]
pub(crate) struct Methods {
    /// For each service, `/package.Service/*`.
    services: HashMap<&'static str, Arc<str>>,
    known: RwLock<HashMap<Arc<str>, ()>>,
}

impl Methods {
    /// Those of these services, as far as they are described.
    pub(crate) fn new(
        services: impl IntoIterator<Item = &'static str>,
        described: impl IntoIterator<Item = String>,
    ) -> Methods {
        let any = |service| (service, Arc::from(format!("/{service}/*")));
        let services: HashMap<_, _> = services.into_iter().map(any).collect();
        let described = described.into_iter();
        let is_served =
            |path: &String| service(path).is_some_and(|name| services.contains_key(name));
        let described = described
            .filter(is_served)
            .map(|path| (Arc::from(path), ()));
        let known = RwLock::new(described.collect());
        Methods { services, known }
    }

    /// The operation of a call with this path, and whether it may become known by its answer.
    pub(super) fn operation(&self, path: &str) -> (Operation, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((path, ())) = known.get_key_value(path) {
            return (Operation::shared(Arc::clone(path)), false);
        }
        let is_full = known.len() >= MOST;
        drop(known);
        match service(path).and_then(|service| self.services.get(service)) {
            Some(any) => (Operation::shared(Arc::clone(any)), !is_full),
            None => (Operation::of_template(None), false),
        }
    }

    /// A method of a known service has answered.
    #[cold]
    pub(super) fn learn(&self, path: &str) -> Option<Operation> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(path) {
            return None;
        }
        let name: Arc<str> = Arc::from(path);
        known.insert(Arc::clone(&name), ());
        Some(Operation::shared(name))
    }
}

/// The first part of `/package.Service/Method`.
fn service(path: &str) -> Option<&str> {
    let (service, _) = path.strip_prefix('/')?.split_once('/')?;
    Some(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn methods() -> Methods {
        Methods::new(["a.B"], ["/a.B/Described", "/a.C/C"].map(str::to_owned))
    }

    fn name(methods: &Methods, path: &str) -> (String, bool) {
        let (operation, may_be_learned) = methods.operation(path);
        (operation.to_string(), may_be_learned)
    }

    #[test]
    fn a_method_is_known_by_a_descriptor_or_by_its_first_answer() {
        let methods = methods();
        assert_eq!(
            name(&methods, "/a.B/Described"),
            ("/a.B/Described".into(), false)
        );
        assert_eq!(name(&methods, "/a.B/C"), ("/a.B/*".into(), true));
        assert_eq!(methods.learn("/a.B/C").unwrap().as_str(), "/a.B/C");
        assert_eq!(name(&methods, "/a.B/C"), ("/a.B/C".into(), false));
        for path in ["/a.C/C", "/a.B", "/", "*", "", "a.B/C"] {
            assert_eq!(name(&methods, path), ("unmatched".into(), false), "{path}");
        }
    }

    #[test]
    fn a_service_that_answers_everything_makes_a_bounded_number_known() {
        let methods = methods();
        let learned = (0..10_000).filter(|n| methods.learn(&format!("/a.B/{n}")).is_some());
        assert_eq!(learned.count(), MOST - 1);
        assert_eq!(name(&methods, "/a.B/9999"), ("/a.B/*".into(), false));
        assert_eq!(name(&methods, "/a.B/0"), ("/a.B/0".into(), false));
    }
}
