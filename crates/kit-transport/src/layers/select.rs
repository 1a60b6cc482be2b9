//! Which requests a layer is for.

use std::fmt;
use std::sync::Arc;

use kit_units::WrongOption;

use super::facts::Facts;
use super::operations::{Operation, Protocol};

/// A selection of requests by their [`Operation`].
///
/// ```
/// use kit_transport::layers::Select;
///
/// let public = Select::operation("/login").or(Select::prefix("/public/"));
/// let protected = public.not();
/// ```
///
/// A call is compared by its path, `/package.Service/Method`, also while it is not known that its service
/// has the method. A request for a service that routes by itself (`nest_service`), a fallback or no route
/// has no template: [`prefix`](Self::prefix) compares its path, and [`operation`](Self::operation) never
/// selects it.
#[derive(Clone)]
pub struct Select(Rule);

#[derive(Clone)]
enum Rule {
    Exact(Arc<str>),
    Prefix(Arc<str>),
    Predicate(Predicate),
    Either(Arc<(Rule, Rule)>),
    Not(Arc<Rule>),
}

/// Refuses a text that [`Select::pattern`] takes for a selection of nothing: operations begin with a slash.
pub(super) fn refuse_pattern(key: &str, text: &str) -> Option<WrongOption> {
    let is_wrong = !text.starts_with('/') && text != "*";
    let expected = "the name of an operation such as \"/ping\", or the beginning of names such as \"/internal/*\"";
    WrongOption::refuse_if(is_wrong, key, format!("{text:?}"), expected)
}

type Predicate = Arc<dyn Fn(Protocol, &Operation) -> bool + Send + Sync>;

impl Select {
    /// The operation with exactly this name.
    pub fn operation(name: impl Into<Arc<str>>) -> Select {
        Select(Rule::Exact(name.into()))
    }

    /// The operations whose names begin so, such as `/admin/` or `/package.Service/`.
    pub fn prefix(prefix: impl Into<Arc<str>>) -> Select {
        Select(Rule::Prefix(prefix.into()))
    }

    /// The operation with this name, or, with a `*` at the end, the operations whose names begin so: as a
    /// file of settings has them.
    ///
    /// ```
    /// use kit_transport::layers::Select;
    ///
    /// assert_eq!(format!("{:?}", Select::pattern("/admin/*")), format!("{:?}", Select::prefix("/admin/")));
    /// assert_eq!(format!("{:?}", Select::pattern("/ping")), format!("{:?}", Select::operation("/ping")));
    /// ```
    pub fn pattern(text: &str) -> Select {
        match text.strip_suffix('*') {
            Some(prefix) => Select::prefix(prefix),
            None => Select::operation(text),
        }
    }

    /// The operations for which this function says yes. It gets the name that is known when the layers
    /// begin.
    pub fn predicate(
        predicate: impl Fn(Protocol, &Operation) -> bool + Send + Sync + 'static,
    ) -> Select {
        Select(Rule::Predicate(Arc::new(predicate)))
    }

    /// What this one or the other selects.
    #[must_use]
    pub fn or(self, other: Select) -> Select {
        Select(Rule::Either(Arc::new((self.0, other.0))))
    }

    /// What this one does not select.
    #[expect(clippy::should_implement_trait, reason = "a word in a chain of them")]
    #[must_use]
    pub fn not(self) -> Select {
        Select(Rule::Not(Arc::new(self.0)))
    }

    /// Whether a request with these facts and this path is selected.
    pub(super) fn selects(&self, facts: &Facts, path: &str) -> bool {
        self.0.selects(facts, path)
    }
}

impl Rule {
    fn selects(&self, facts: &Facts, path: &str) -> bool {
        let operation = facts.operation();
        match self {
            Rule::Exact(name) => match facts.protocol() {
                Protocol::Http => operation.is_matched() && operation.as_str() == &**name,
                // A call by its client's word alone has the template of a route, which counts as well.
                Protocol::Grpc => path == &**name || operation.as_template() == Some(&**name),
            },
            Rule::Prefix(prefix) => match facts.protocol() {
                Protocol::Http if operation.is_matched() => {
                    operation.as_str().starts_with(&**prefix)
                }
                Protocol::Http | Protocol::Grpc => path.starts_with(&**prefix),
            },
            Rule::Predicate(predicate) => predicate(facts.protocol(), operation),
            Rule::Either(both) => both.0.selects(facts, path) || both.1.selects(facts, path),
            Rule::Not(rule) => !rule.selects(facts, path),
        }
    }
}

impl fmt::Debug for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Exact(name) => write!(f, "{name}"),
            Rule::Prefix(prefix) => write!(f, "{prefix}*"),
            Rule::Predicate(_) => f.write_str("a predicate"),
            Rule::Either(both) => write!(f, "({:?} or {:?})", both.0, both.1),
            Rule::Not(rule) => write!(f, "not {rule:?}"),
        }
    }
}
