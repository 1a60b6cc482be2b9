//! How many fields a state type has.

use syn::{GenericArgument, Item, PathArguments, Type, Visibility};

use super::finding::{Finding, Rule};
use super::modules::{ModulePath, Target};
use super::tree::Crate;

/// The most fields that a state type may have, those of the structs in its file that it owns included.
///
/// A struct that stands in the same file is part of the type: nothing is won when fields move into an
/// `Inner`. A struct with its own file has its own interface, and is one field of its owner.
pub(super) const MOST_FIELDS: usize = 12;

/// Types that are data and no state: what a user sets, or a message that is built whole and read.
/// A struct with public fields only is data by itself and needs no line.
const PLAIN_DATA: [(&str, &str, &str); 1] = [(
    "kit-app",
    "Settings",
    "what the builder collects; it travels whole and changes only there",
)];

/// Types whose value is inside the type that holds them. What an `Arc` or a collection holds is shared,
/// or many, and counted by itself.
const WRAPPERS: [&str; 12] = [
    "Box",
    "Cell",
    "ManuallyDrop",
    "Mutex",
    "OnceCell",
    "OnceLock",
    "Option",
    "Pin",
    "RefCell",
    "RwLock",
    "UnsafeCell",
    "CachePadded",
];

/// A struct of the product.
pub(super) struct Struct {
    pub(super) name: String,
    pub(super) file: usize,
    line: usize,
    module: ModulePath,
    fields: Vec<Type>,
    is_data: bool,
}

/// How many fields a struct has.
pub(super) struct Size {
    pub(super) own: usize,
    /// With those of the structs in its file that it owns.
    pub(super) file: usize,
    /// With those of all structs of the crate that it owns.
    pub(super) whole: usize,
}

/// Which of the structs that a struct owns count with their fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    File,
    Crate,
}

/// All structs with named fields.
pub(super) fn structs(of: &Crate) -> Vec<Struct> {
    let mut structs = Vec::new();
    for (file, module, item) in of.items() {
        let Item::Struct(item) = item else { continue };
        let name = item.ident.to_string();
        let is_public = |field: &syn::Field| matches!(field.vis, Visibility::Public(_));
        let is_listed = PLAIN_DATA
            .iter()
            .any(|(owner, listed, _)| *owner == of.name && *listed == name);
        structs.push(Struct {
            file,
            line: item.ident.span().start().line,
            module,
            is_data: is_listed || item.fields.iter().all(is_public),
            fields: item.fields.into_iter().map(|field| field.ty).collect(),
            name,
        });
    }
    structs
}

/// The state types of a crate with their sizes, the largest first.
pub(super) fn sizes(of: &Crate) -> Vec<(Struct, Size)> {
    let structs = structs(of);
    let counts: Vec<_> = structs
        .iter()
        .map(|one| Size {
            own: one.fields.len(),
            file: count(of, &structs, one, Inside::File, 0),
            whole: count(of, &structs, one, Inside::Crate, 0),
        })
        .collect();
    let mut sizes: Vec<_> = structs
        .into_iter()
        .zip(counts)
        .filter(|(one, _)| !one.is_data)
        .collect();
    sizes.sort_by_key(|(one, size)| (std::cmp::Reverse(size.file), one.name.clone()));
    sizes
}

/// A field that is a struct of this crate counts as the fields of that struct; one of data, as one.
fn count(of: &Crate, structs: &[Struct], one: &Struct, inside: Inside, depth: usize) -> usize {
    let field = |field: &Type| {
        let owned = owned(field).and_then(|path| {
            let targets = of.modules.resolve(&one.module, &path);
            structs.iter().find(|other| {
                let target = Target::Item {
                    file: other.file,
                    name: other.name.clone(),
                };
                targets.contains(&target) && !other.is_data
            })
        });
        owned
            .filter(|inner| depth < 8 && (inside == Inside::Crate || inner.file == one.file))
            .map_or(1, |inner| {
                count(of, structs, inner, inside, depth + 1).max(1)
            })
    };
    one.fields.iter().map(field).sum()
}

/// The path of a field's type, taken out of its wrappers.
pub(super) fn owned(field: &Type) -> Option<Vec<String>> {
    let Type::Path(path) = field else { return None };
    let last = path.path.segments.last()?;
    if WRAPPERS.contains(&last.ident.to_string().as_str()) {
        let PathArguments::AngleBracketed(inner) = &last.arguments else {
            return None;
        };
        return inner.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(inner) => owned(inner),
            _ => None,
        });
    }
    Some(
        path.path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect(),
    )
}

/// State types that are too large.
pub(super) fn check(of: &Crate) -> Vec<Finding> {
    let sizes = sizes(of).into_iter();
    let large = sizes.filter(|(_, size)| size.file > MOST_FIELDS);
    large
        .map(|(one, size)| Finding {
            path: of.files[one.file].path.clone(),
            line: one.line,
            rule: Rule::Fields,
            message: format!(
                "`{}` has {} fields, {} with those of the structs in its file that it owns: divide it by what writes a part \
                 (at most {MOST_FIELDS}; plain data is listed in xtask/src/house/structs.rs)",
                one.name, size.own, size.file
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::example;
    use super::{check, sizes};

    #[test]
    fn fields_of_owned_structs_count_and_those_of_shared_and_of_data_do_not() {
        let house = example(&[
            (
                "src/lib.rs",
                "mod a; struct Whole { a: Mutex<Option<a::Part>>, b: Arc<a::Part>, c: Options, d: Mutex<Bag> }\n\
                struct Bag { a: Vec<a::Part>, b: u8, c: u8 }\
                pub struct Options { pub a: u8, pub b: u8 }",
            ),
            (
                "src/a.rs",
                "pin_project! { pub(super) struct Part { a: u8, b: u8, c: Empty } } struct Empty;",
            ),
        ]);
        let sizes: Vec<_> = sizes(&house)
            .into_iter()
            .map(|(one, size)| (one.name, size.own, size.file, size.whole))
            .collect();
        assert_eq!(
            sizes[..2],
            [("Whole".to_owned(), 4, 6, 8), ("Bag".to_owned(), 3, 3, 3)]
        );
    }

    #[test]
    fn thirteen_fields_are_too_many_and_twelve_are_not() {
        let twelve =
            "a: Inner, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8";
        let house = |inner: &str| {
            example(&[(
                "src/lib.rs",
                &format!("struct A {{ {twelve} }} struct Inner {{ {inner} }}"),
            )])
        };
        assert!(check(&house("a: u8, b: u8")).is_empty());
        assert_eq!(check(&house("a: u8, b: u8, c: u8")).len(), 1);
    }
}
