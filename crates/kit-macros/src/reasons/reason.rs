//! One variant.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt as _;
use syn::{Error, Fields, LitStr, Result, Type, Variant};

use super::attribute::Attribute;
use super::mistakes::Mistakes;
use super::name::{screaming, spoken};

pub(super) struct Reason<'a> {
    pub(super) ident: &'a Ident,
    pub(super) code: u16,
    pub(super) reason: String,
    /// Where the reason stands, or the name that it was made of.
    pub(super) span: Span,
    pub(super) message: LitStr,
    pub(super) fields: Vec<Entry<'a>>,
}

/// A field, as an entry of the metadata.
pub(super) struct Entry<'a> {
    pub(super) ident: &'a Ident,
    pub(super) key: String,
    pub(super) of: &'a Type,
}

impl<'a> Reason<'a> {
    /// `code` is that of the enum.
    pub(super) fn new(variant: &'a Variant, code: Option<u16>) -> Result<Reason<'a>> {
        let mut mistakes = Mistakes::default();
        let ident = &variant.ident;
        let name = ident.unraw().to_string();
        let attribute = mistakes.take(Attribute::of_variant(&variant.attrs));
        let has_read = attribute.is_some();
        let attribute = attribute.unwrap_or_default();
        let code = attribute.code.or(code);
        if has_read && code.is_none() {
            let message = format!("`{name}` has no code: `#[reason(code = 404)]` gives it one");
            mistakes.add(Error::new(ident.span(), message));
        }
        let fields = mistakes.take(entries(&variant.fields));
        let span = attribute.span().unwrap_or_else(|| ident.span());
        let reason = attribute.reason.map(|reason| reason.value());
        let message = attribute.message;
        mistakes.none()?;
        Ok(Reason {
            ident,
            code: code.unwrap_or_default(),
            reason: reason.unwrap_or_else(|| screaming(&name)),
            span,
            message: message.unwrap_or_else(|| LitStr::new(&spoken(&name), ident.span())),
            fields: fields.unwrap_or_default(),
        })
    }
}

fn entries(fields: &Fields) -> Result<Vec<Entry<'_>>> {
    if let Fields::Unnamed(unnamed) = fields {
        let message = "a field needs a name, which is the key of its metadata: `{ id: u64 }`";
        return Err(Error::new_spanned(unnamed, message));
    }
    let mut mistakes = Mistakes::default();
    let mut entries = Vec::new();
    for field in fields {
        mistakes.take(Attribute::of_field(&field.attrs));
        if let Some(ident) = &field.ident {
            entries.push(Entry {
                ident,
                key: ident.unraw().to_string(),
                of: &field.ty,
            });
        }
    }
    mistakes.none()?;
    Ok(entries)
}
