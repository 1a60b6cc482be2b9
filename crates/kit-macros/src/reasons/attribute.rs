//! What stands in `#[reason(…)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute as Syntax, Error, LitInt, LitStr, Path, Result};

/// The longest reason that AIP-193 allows.
const LONGEST: usize = 63;

/// The values of one variant or of the enum, from all of its attributes.
#[derive(Default)]
pub(super) struct Attribute {
    pub(super) code: Option<u16>,
    pub(super) message: Option<LitStr>,
    pub(super) reason: Option<LitStr>,
    pub(super) home: Option<Path>,
}

impl Attribute {
    pub(super) fn of_enum(attributes: &[Syntax]) -> Result<Attribute> {
        Attribute::read(attributes, &["code", "crate"])
    }

    pub(super) fn of_variant(attributes: &[Syntax]) -> Result<Attribute> {
        Attribute::read(attributes, &["code", "message", "reason"])
    }

    pub(super) fn of_field(attributes: &[Syntax]) -> Result<()> {
        let attribute = attributes
            .iter()
            .find(|attribute| attribute.path().is_ident("reason"));
        let message = "a field has no options: its name is the key of its metadata";
        attribute.map_or(Ok(()), |attribute| {
            Err(Error::new_spanned(attribute, message))
        })
    }

    fn read(attributes: &[Syntax], keys: &[&str]) -> Result<Attribute> {
        let mut read = Attribute::default();
        for attribute in attributes {
            if attribute.path().is_ident("reason") {
                attribute.parse_nested_meta(|meta| read.add(&meta, keys))?;
            }
        }
        Ok(read)
    }

    fn add(&mut self, meta: &ParseNestedMeta<'_>, keys: &[&str]) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string);
        let key = key.unwrap_or_default();
        if !keys.contains(&key.as_str()) {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            return Err(meta.error(format!("unknown key: here stand {}", keys.join(", "))));
        }
        let value = meta.value()?;
        let is_new = match key.as_str() {
            "code" => self.code.replace(code(&value.parse()?)?).is_none(),
            "message" => self.message.replace(value.parse()?).is_none(),
            "reason" => self.reason.replace(checked(value.parse()?)?).is_none(),
            _ => {
                let home = value.call(Path::parse_mod_style)?;
                self.home.replace(home).is_none()
            }
        };
        if is_new {
            Ok(())
        } else {
            Err(meta.error(format!("`{key}` stands here twice")))
        }
    }

    /// The place of the reason, if it stands here.
    pub(super) fn span(&self) -> Option<Span> {
        self.reason.as_ref().map(LitStr::span)
    }
}

fn code(literal: &LitInt) -> Result<u16> {
    match literal.base10_parse() {
        Ok(code @ 400..=599) => Ok(code),
        _ => Err(Error::new(
            literal.span(),
            format!("a code is the status of an error, 400 to 599, and not {literal}"),
        )),
    }
}

fn checked(reason: LitStr) -> Result<LitStr> {
    let text = reason.value();
    let allowed = |char: char| char.is_ascii_alphanumeric() || "_-.".contains(char);
    if (1..=LONGEST).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(reason);
    }
    let message =
        format!("a reason has 1 to {LONGEST} characters of A-Z, a-z, 0-9, `_`, `-` and `.`");
    Err(Error::new(reason.span(), message))
}
