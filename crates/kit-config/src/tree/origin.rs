//! Where a value was written.

use std::fmt;
use std::sync::Arc;

use super::text::Span;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nowhere: it is the default.
    Default,
    File(Span),
    /// The environment variable of this name.
    Variable(Arc<str>),
    /// The command line, with the flag as it was given: `--set http.addr`, `--http-addr`.
    Flag(Arc<str>),
    /// A key of a remote store, with the store: `etcd key /orders/http/addr`.
    Remote(Arc<str>),
}

impl Origin {
    /// Whether its values are texts only, which mean what the setting's type makes of them.
    pub(crate) fn is_untyped(&self) -> bool {
        match self {
            Origin::Variable(_) | Origin::Flag(_) | Origin::Remote(_) => true,
            Origin::Default | Origin::File(_) => false,
        }
    }

    pub(crate) fn span(&self) -> Option<&Span> {
        match self {
            Origin::File(span) => Some(span),
            Origin::Default | Origin::Variable(_) | Origin::Flag(_) | Origin::Remote(_) => None,
        }
    }
}

/// `config/orders.toml:12:8`, `variable ORDERS__HTTP__ADDR`, `flag --set http.addr`, `default`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(span) => {
                write!(f, "{}:{}:{}", span.name(), span.line(), span.column())
            }
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Flag(flag) => write!(f, "flag {flag}"),
            Origin::Remote(key) => f.write_str(key),
        }
    }
}
