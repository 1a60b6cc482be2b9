//! What the lints read of an item of Rust: its names, its imports, and the `cfg` it stands under.

use std::collections::BTreeSet;

use syn::{Attribute, Item, Meta, UseTree};

/// Calls `found` with each name that a `use` brings: its path, and the name it has here.
pub(super) fn leaves(
    tree: &UseTree,
    above: &mut Vec<String>,
    found: &mut impl FnMut(Vec<String>, Option<String>),
) {
    let joined = |above: &[String], name: &syn::Ident| {
        let mut path = above.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            above.push(path.ident.to_string());
            leaves(&path.tree, above, found);
            above.pop();
        }
        UseTree::Name(name) => {
            let path = joined(above, &name.ident);
            let name = path.last().cloned();
            found(path, name);
        }
        UseTree::Rename(rename) => {
            found(
                joined(above, &rename.ident),
                Some(rename.rename.to_string()),
            );
        }
        UseTree::Glob(_) => found(above.clone(), None),
        UseTree::Group(group) => {
            for tree in &group.items {
                leaves(tree, above, found);
            }
        }
    }
}

/// The names that an item defines in its module.
pub(super) fn defined(item: &Item) -> Vec<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => match &item.ident {
            Some(name) => name,
            None => return inside(item).iter().flat_map(defined).collect(),
        },
        _ => return Vec::new(),
    };
    vec![ident.to_string()]
}

/// The items in a macro's braces, as with `pin_project!`; none, where they are no Rust.
pub(super) fn inside(item: &syn::ItemMacro) -> Vec<Item> {
    item.mac
        .parse_body::<syn::File>()
        .map(|file| file.items)
        .unwrap_or_default()
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item exists only in tests or models: `cfg(test)`, `cfg(kit_loom)`, `cfg(doctest)`.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text: String = list.tokens.to_string();
            let text = text.replace(' ', "");
            let text = ["test", "kit_loom"]
                .into_iter()
                .fold(text, |text, name| text.replace(&format!("not({name})"), ""));
            let mut words = text.split(|char: char| !char.is_alphanumeric() && char != '_');
            words.any(|word| ["test", "kit_loom", "doctest"].contains(&word))
        }
        meta => meta
            .path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "test"),
    })
}

/// The features that a `cfg` names, where it does not turn one round.
pub(super) fn needed(attributes: &[Attribute]) -> BTreeSet<String> {
    let mut features = BTreeSet::new();
    for attribute in attributes {
        if let Meta::List(list) = &attribute.meta
            && list.path.is_ident("cfg")
        {
            let text = list.tokens.to_string();
            if !text.contains("not") {
                features.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    features
}

pub(super) fn file_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(literal) => match &literal.lit {
                    syn::Lit::Str(text) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
}
