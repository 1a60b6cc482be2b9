//! The code that is written.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Path};

use super::reason::Reason;

/// Both ways, and that to a gRPC status, which `home` leaves out if it knows none.
pub(super) fn conversions(input: &DeriveInput, home: &Path, reasons: &[Reason<'_>]) -> TokenStream {
    let name = &input.ident;
    let visible = &input.vis;
    // Hidden from the captures of a message, which see the fields and nothing else.
    let error = Ident::new("error", Span::mixed_site());
    let to = reasons.iter().map(|reason| to_api(name, home, reason));
    let from = reasons.iter().map(|reason| from_api(&error, reason));
    let doc = "The one of these that an error is, as a client of either protocol sees it; `None` for \
               every other error, and when a field is missing or cannot be read.";
    quote! {
        #[automatically_derived]
        impl ::core::convert::From<#name> for #home::ApiError {
            fn from(#error: #name) -> #home::ApiError {
                match #error {
                    #(#to)*
                }
            }
        }

        #[automatically_derived]
        impl #name {
            #[doc = #doc]
            #[allow(dead_code)]
            #[must_use]
            #visible fn from_api(#error: &#home::ApiError) -> ::core::option::Option<Self> {
                #(#from)*
                ::core::option::Option::None
            }
        }

        #home::__reasons_into_status!(#name);
    }
}

/// The arm of one variant. What a field's type lacks is reported at the type.
fn to_api(name: &Ident, home: &Path, reason: &Reason<'_>) -> TokenStream {
    let Reason {
        ident,
        code,
        reason,
        message,
        fields,
        ..
    } = reason;
    let pattern = fields.iter().map(|entry| entry.ident);
    let metadata = fields.iter().map(|entry| {
        let (ident, key, of) = (entry.ident, &entry.key, entry.of);
        let text =
            quote_spanned! { of.span() => <#of as ::std::string::ToString>::to_string(&#ident) };
        quote! { .with_metadata(#key, #text) }
    });
    let text = message.value();
    let message = if text.contains(['{', '}']) {
        quote! { ::std::format!(#message) }
    } else {
        quote! { #message }
    };
    quote! {
        #name::#ident { #(#pattern),* } => {
            #home::ApiError::new(#code, #reason, #message) #(#metadata)*
        }
    }
}

fn from_api(error: &Ident, reason: &Reason<'_>) -> TokenStream {
    let Reason {
        ident,
        code,
        reason,
        fields,
        ..
    } = reason;
    let fields = fields.iter().map(|entry| {
        let (ident, key, of) = (entry.ident, &entry.key, entry.of);
        let text = quote! { #error.metadata().get(#key)? };
        let value = quote_spanned! { of.span() => <#of as ::core::str::FromStr>::from_str(#text) };
        quote! { #ident: #value.ok()? }
    });
    quote! {
        if #error.has_reason(#code, #reason) {
            return ::core::option::Option::Some(Self::#ident { #(#fields),* });
        }
    }
}
