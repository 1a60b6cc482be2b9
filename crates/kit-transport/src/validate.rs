//! Whether a request that could be read may be what it says.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

#[cfg(feature = "garde")]
mod garde;

/// A request that knows its rules.
///
/// A handler gets it checked: over HTTP by `http::Valid<http::Json<T>>`, over gRPC by
/// `request.validate()?` of `grpc::ValidRequest`. Broken rules are answered with 400 or `INVALID_ARGUMENT`
/// and the reason `VALIDATOR`, all at once.
///
/// ```
/// use kit_transport::{Validate, Violations};
///
/// struct Item { count: u32 }
/// struct Order { name: String, items: Vec<Item> }
///
/// impl Validate for Item {
///     fn validate(&self) -> Result<(), Violations> {
///         Violations::new().unless(self.count > 0, "count", "at least 1").result()
///     }
/// }
///
/// impl Validate for Order {
///     fn validate(&self) -> Result<(), Violations> {
///         let mut violations = Violations::new()
///             .unless(!self.name.is_empty(), "name", "may not be empty")
///             .unless(self.items.len() <= 100, "items", "at most 100");
///         for (index, item) in self.items.iter().enumerate() {
///             violations = violations.inside(format!("items[{index}]"), item);
///         }
///         violations.result()
///     }
/// }
///
/// let order = Order { name: String::new(), items: vec![Item { count: 0 }] };
/// let violations = order.validate().unwrap_err();
/// assert_eq!(violations.to_string(), "name: may not be empty; items[0].count: at least 1");
/// ```
pub trait Validate {
    /// Compares the request with its rules.
    ///
    /// # Errors
    /// All that is wrong with it.
    fn validate(&self) -> Result<(), Violations>;
}

/// One rule that a request breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field, as in `items[2].count`; empty for the request as a whole.
    pub field: Cow<'static, str>,
    /// The rule, for people.
    pub message: Cow<'static, str>,
}

/// The rules that a request breaks, in their order.
///
/// As an [`ApiError`](crate::ApiError), which `?` makes of it, it is 400 with the reason `VALIDATOR`; the
/// metadata has each field with its messages. Over gRPC the fields are a `google.rpc.BadRequest` beside
/// the reason, as many of them as a status has room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// None.
    pub fn new() -> Violations {
        Violations::default()
    }

    /// Adds one.
    pub fn with(
        mut self,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Violations {
        self.0.push(Violation {
            field: field.into(),
            message: message.into(),
        });
        self
    }

    /// Adds one, unless the rule is kept.
    pub fn unless(
        self,
        is_kept: bool,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Violations {
        if is_kept {
            self
        } else {
            self.with(field, message)
        }
    }

    /// Adds those of a value in this field.
    pub fn inside(self, field: impl AsRef<str>, value: &impl Validate) -> Violations {
        match value.validate() {
            Ok(()) => self,
            Err(violations) => violations.0.into_iter().fold(self, |all, violation| {
                let path = join(field.as_ref(), &violation.field);
                all.with(path, violation.message)
            }),
        }
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Violation] {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What [`Validate::validate`] returns.
    ///
    /// # Errors
    /// The violations, if there are any.
    pub fn result(self) -> Result<(), Violations> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// A path in a path. A list has no dot before its index.
fn join(outer: &str, inner: &str) -> String {
    match inner.as_bytes().first() {
        None => outer.to_owned(),
        Some(b'[') => format!("{outer}{inner}"),
        Some(_) => format!("{outer}.{inner}"),
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut violations = self.0.iter();
        match violations.next() {
            None => return f.write_str("the request breaks a rule"),
            Some(first) => write!(f, "{first}")?,
        }
        violations.try_for_each(|violation| write!(f, "; {violation}"))
    }
}

impl Error for Violations {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fails;

    impl Validate for Fails {
        fn validate(&self) -> Result<(), Violations> {
            let all = Violations::new()
                .with("", "as a whole")
                .with("[1]", "in a list");
            all.with("name", "by its name").result()
        }
    }

    #[test]
    fn a_violation_of_a_value_has_the_path_to_it() {
        let outer = Violations::new().inside("items[3]", &Fails);
        let fields: Vec<_> = outer
            .as_slice()
            .iter()
            .map(|violation| &*violation.field)
            .collect();
        assert_eq!(fields, ["items[3]", "items[3][1]", "items[3].name"]);
        assert!(Violations::new().result().is_ok());
    }
}
