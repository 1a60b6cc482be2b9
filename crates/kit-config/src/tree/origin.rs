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
    /// A source as a whole: the path of a file or a folder, as it was given.
    Whole(Arc<str>),
    /// The environment variable of this name.
    Variable(Arc<str>),
    /// The command line, with the flag as it was given: `--set http.addr`, `--http-addr`.
    Flag(Arc<str>),
    /// A key of a remote store, with the store: `etcd key /orders/http/addr`.
    Remote(Arc<str>),
    /// A reference, such as `${DB_PASSWORD}`, that was written elsewhere than its value.
    Reference(Arc<Brought>),
}

/// What a reference has brought to its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Where the reference was written.
    pub(crate) at: Origin,
    /// The references that brought the value, without their defaults: `${DB_PASSWORD}`.
    pub(crate) from: String,
    pub(crate) is_untyped: bool,
    /// Whether the value came from a file or from a secret.
    pub(crate) is_hidden: bool,
    /// Whether the value came from a URL, whose user and password are hidden.
    pub(crate) is_url: bool,
}

impl Origin {
    /// Whether its values are texts only, which mean what the setting's type makes of them.
    pub(crate) fn is_untyped(&self) -> bool {
        match self {
            Origin::Variable(_) | Origin::Flag(_) | Origin::Remote(_) => true,
            Origin::Default | Origin::File(_) | Origin::Whole(_) => false,
            Origin::Reference(brought) => brought.is_untyped,
        }
    }

    /// Whether its values are kept from messages and pages, whatever their setting: a secret does not become
    /// public by being referred to.
    pub(crate) fn is_hidden(&self) -> bool {
        matches!(self, Origin::Reference(brought) if brought.is_hidden)
    }

    /// Whether user and password of its URLs are kept from messages and pages, whatever their setting.
    pub(crate) fn is_url(&self) -> bool {
        matches!(self, Origin::Reference(brought) if brought.is_url)
    }

    pub(crate) fn span(&self) -> Option<&Span> {
        match self {
            Origin::File(span) => Some(span),
            Origin::Reference(brought) => brought.at.span(),
            _ => None,
        }
    }
}

/// `config/orders.toml:12:8`, `config/orders.toml:12:8, from ${HTTP_ADDR}`, `variable ORDERS__HTTP__ADDR`, `flag --set http.addr`, `default`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(span) => {
                write!(f, "{}:{}:{}", span.name(), span.line(), span.column())
            }
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::Flag(flag) => write!(f, "flag {flag}"),
            Origin::Whole(name) | Origin::Remote(name) => f.write_str(name),
            Origin::Reference(brought) => write!(f, "{}, from {}", brought.at, brought.from),
        }
    }
}
