//! From an enum to its conversions.

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error, Path, Result};

use self::attribute::Attribute;
use self::code::conversions;
use self::reason::Reason;

mod attribute;
mod code;
mod mistakes;
mod name;
mod reason;
#[cfg(test)]
mod tests;

/// The conversions of this enum, or the mistakes in it, each at its place. `home` is the path of the crate
/// that has `ApiError`.
pub(crate) fn derive(input: TokenStream, home: &str) -> TokenStream {
    let expanded = syn::parse2(input).and_then(|input| expand(&input, home));
    expanded.unwrap_or_else(|mistakes| mistakes.to_compile_error())
}

/// All mistakes are reported together: an author mends them in one go.
fn expand(input: &DeriveInput, home: &str) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let message = "only an enum can be derived `Reasons`: each of its variants is one";
        return Err(Error::new(input.ident.span(), message));
    };
    if !input.generics.params.is_empty() {
        let message = "an enum of reasons has no generics: its fields travel as text";
        return Err(Error::new_spanned(&input.generics, message));
    }
    let mut mistakes = mistakes::Mistakes::default();
    let all = mistakes.take(Attribute::of_enum(&input.attrs));
    let all = all.unwrap_or_default();
    let mut reasons: Vec<Reason<'_>> = Vec::new();
    for variant in &data.variants {
        let Some(reason) = mistakes.take(Reason::new(variant, all.code)) else {
            continue;
        };
        let same = |other: &&Reason<'_>| other.reason == reason.reason;
        if let Some(other) = reasons.iter().find(same) {
            let message = format!(
                "the reason `{}` is that of `{}`: by it a client tells them apart",
                reason.reason, other.ident
            );
            mistakes.add(Error::new(reason.span, message));
        }
        reasons.push(reason);
    }
    mistakes.none()?;
    let home: Path = match all.home {
        Some(home) => home,
        None => syn::parse_str(home)?,
    };
    Ok(conversions(input, &home, &reasons))
}
