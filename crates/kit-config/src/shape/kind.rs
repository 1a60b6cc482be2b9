//! What a value can be, one alternative at a time.

use serde_json::Value;

/// One alternative of what a value can be.
#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Any,
    Null,
    Bool,
    Integer(IntegerKind),
    Float(FloatKind),
    Text(TextKind<'a>),
    List(ListKind<'a>),
    Table(TableKind<'a>),
}

/// The limits of a whole number, both of them allowed values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IntegerKind {
    pub(crate) min: Option<i128>,
    pub(crate) max: Option<i128>,
}

/// The limits of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct FloatKind {
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// Whether the limits themselves are not allowed.
    pub(crate) is_above_min: bool,
    pub(crate) is_below_max: bool,
}

impl FloatKind {
    pub(crate) fn is_allowed(&self, number: f64) -> bool {
        let is_above = |min: f64| number > min || (number == min && !self.is_above_min);
        let is_below = |max: f64| number < max || (number == max && !self.is_below_max);
        self.min.is_none_or(is_above) && self.max.is_none_or(is_below)
    }
}

/// A text; lengths count characters.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextKind<'a> {
    pub(crate) format: Option<&'a str>,
    pub(crate) pattern: Option<&'a str>,
    pub(crate) min: Option<u64>,
    pub(crate) max: Option<u64>,
    /// The only texts that are allowed.
    pub(crate) one_of: Option<Vec<&'a str>>,
}

/// A list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListKind<'a> {
    /// The schemas of its first values, one each.
    pub(crate) first: Vec<&'a Value>,
    /// The schema of the other ones.
    pub(crate) rest: Option<&'a Value>,
    pub(crate) min: Option<u64>,
    pub(crate) max: Option<u64>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableKind<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) rest: Rest<'a>,
    /// Whether the schema itself says that there is no other key: so are the variants of an enum that
    /// is tagged by its key.
    pub(crate) is_closed: bool,
}

/// A key that is known in a table.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    /// All of them hold.
    pub(crate) schemas: Vec<&'a Value>,
    pub(crate) is_required: bool,
}

/// What a table takes besides its known keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Rest<'a> {
    #[default]
    Nothing,
    /// Any key, with a value of this schema.
    Any(&'a Value),
}

impl<'a> TableKind<'a> {
    pub(crate) fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The key of an enum's variant that is written as a table with that one key.
    pub(crate) fn variant_key(&self) -> Option<&'a str> {
        match self.fields.as_slice() {
            [only] if only.is_required && self.is_closed => Some(only.name),
            _ => None,
        }
    }
}

impl<'a> Kind<'a> {
    pub(crate) fn as_table(&self) -> Option<&TableKind<'a>> {
        match self {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The key of an enum's variant that is written as a table with that one key.
    pub(crate) fn variant_key(&self) -> Option<&'a str> {
        self.as_table().and_then(TableKind::variant_key)
    }

    /// A value that satisfies both; `None` if none can. Limits become the narrower ones, and the words and
    /// patterns of the first count where both have some, as two patterns are not put together.
    pub(super) fn both(&self, other: &Kind<'a>) -> Option<Kind<'a>> {
        match (self, other) {
            (Kind::Any, kind) | (kind, Kind::Any) => Some(kind.clone()),
            (Kind::Null, Kind::Null) => Some(Kind::Null),
            (Kind::Bool, Kind::Bool) => Some(Kind::Bool),
            (Kind::Integer(a), Kind::Integer(b)) => Some(Kind::Integer(IntegerKind {
                min: a.min.max(b.min),
                max: least(a.max, b.max),
            })),
            (Kind::Integer(a), Kind::Float(_)) | (Kind::Float(_), Kind::Integer(a)) => {
                Some(Kind::Integer(*a))
            }
            (Kind::Float(a), Kind::Float(b)) => Some(Kind::Float(FloatKind {
                min: a.min.or(b.min),
                max: a.max.or(b.max),
                is_above_min: a.is_above_min || b.is_above_min,
                is_below_max: a.is_below_max || b.is_below_max,
            })),
            (Kind::Text(a), Kind::Text(b)) => Some(Kind::Text(TextKind {
                format: a.format.or(b.format),
                pattern: a.pattern.or(b.pattern),
                min: a.min.max(b.min),
                max: least(a.max, b.max),
                one_of: a.one_of.clone().or_else(|| b.one_of.clone()),
            })),
            (Kind::List(a), Kind::List(b)) => Some(Kind::List(ListKind {
                first: if a.first.is_empty() {
                    &b.first
                } else {
                    &a.first
                }
                .clone(),
                rest: a.rest.or(b.rest),
                min: a.min.max(b.min),
                max: least(a.max, b.max),
            })),
            (Kind::Table(a), Kind::Table(b)) => Some(Kind::Table(both_tables(a, b))),
            _ => None,
        }
    }
}

fn least<N: Ord + Copy>(a: Option<N>, b: Option<N>) -> Option<N> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The keys of both: so are the fields of a flattened struct put next to those of the one around it.
fn both_tables<'a>(a: &TableKind<'a>, b: &TableKind<'a>) -> TableKind<'a> {
    let mut fields = a.fields.clone();
    for field in &b.fields {
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => {
                known.schemas.extend(&field.schemas);
                known.is_required |= field.is_required;
            }
            None => fields.push(field.clone()),
        }
    }
    let rest = match a.rest {
        Rest::Nothing => b.rest,
        rest @ Rest::Any(_) => rest,
    };
    TableKind {
        fields,
        rest,
        is_closed: false,
    }
}
