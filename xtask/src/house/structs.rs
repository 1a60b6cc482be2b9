//! What is said about types: how many fields a state type has, where its `impl` stands, and names of
//! private types that mean two things.

use std::collections::{BTreeMap, BTreeSet};

use syn::{GenericArgument, Item, PathArguments, Type, Visibility};

use super::finding::{Finding, Rule};
use super::tree::{Crate, ModulePath, Target, attributes, inside, is_for_tests};

/// The most fields that a state type may have, those of the structs that it owns included.
pub(crate) const MOST_FIELDS: usize = 12;

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
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) file: usize,
    line: usize,
    module: ModulePath,
    fields: Vec<Type>,
    is_data: bool,
}

/// A struct's own fields, and how many there are with those of the structs inside.
pub(crate) struct Size {
    pub(crate) own: usize,
    pub(crate) whole: usize,
}

/// The items of a crate's product, each with its file and module.
fn items(of: &Crate) -> Vec<(usize, ModulePath, Item)> {
    let mut found = Vec::new();
    for (number, file) in of.product() {
        let module = file.module.clone().unwrap_or_default();
        collect(number, &module, &file.syntax.items, &mut found);
    }
    found
}

fn collect(
    file: usize,
    module: &ModulePath,
    items: &[Item],
    found: &mut Vec<(usize, ModulePath, Item)>,
) {
    for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
        match item {
            Item::Mod(child) => {
                let mut path = module.clone();
                path.push(child.ident.to_string());
                let items = child.content.as_ref().map(|(_, items)| items.as_slice());
                collect(file, &path, items.unwrap_or_default(), found);
            }
            Item::Macro(item) => collect(file, module, &inside(item), found),
            item => found.push((file, module.clone(), item.clone())),
        }
    }
}

/// All structs with named fields.
pub(crate) fn structs(of: &Crate) -> Vec<Struct> {
    let mut structs = Vec::new();
    for (file, module, item) in items(of) {
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
pub(crate) fn sizes(of: &Crate) -> Vec<(Struct, Size)> {
    let structs = structs(of);
    let counts: Vec<_> = structs
        .iter()
        .map(|one| (one.fields.len(), count(of, &structs, one, 0)))
        .collect();
    let mut sizes: Vec<_> = structs
        .into_iter()
        .zip(counts)
        .filter(|(one, _)| !one.is_data)
        .map(|(one, (own, whole))| (one, Size { own, whole }))
        .collect();
    sizes.sort_by_key(|(one, size)| (std::cmp::Reverse(size.whole), one.name.clone()));
    sizes
}

/// A field that is a struct of this crate counts as the fields of that struct; one of data, as one.
fn count(of: &Crate, structs: &[Struct], one: &Struct, depth: usize) -> usize {
    let field = |field: &Type| {
        let owned = owned(field).and_then(|path| {
            let targets = of.resolve(&one.module, &path);
            structs.iter().find(|other| {
                let target = Target::Item {
                    file: other.file,
                    name: other.name.clone(),
                };
                targets.contains(&target) && !other.is_data
            })
        });
        owned
            .filter(|_| depth < 8)
            .map_or(1, |inner| count(of, structs, inner, depth + 1).max(1))
    };
    one.fields.iter().map(field).sum()
}

/// The path of a field's type, taken out of its wrappers.
fn owned(field: &Type) -> Option<Vec<String>> {
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
pub(crate) fn check_fields(of: &Crate) -> Vec<Finding> {
    let sizes = sizes(of).into_iter();
    let large = sizes.filter(|(_, size)| size.whole > MOST_FIELDS);
    large
        .map(|(one, size)| Finding {
            path: of.files[one.file].path.clone(),
            line: one.line,
            rule: Rule::Fields,
            message: format!(
                "`{}` has {} fields, {} with those of the structs that it owns: divide it by what writes a part \
                 (at most {MOST_FIELDS}; plain data is listed in xtask/src/house/structs.rs)",
                one.name, size.own, size.whole
            ),
        })
        .collect()
}

/// `impl` blocks, without a trait, that stand in another file than their type.
///
/// A module that a feature brings may add to a type that is there without the feature.
pub(crate) fn check_impls(of: &Crate) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, module, item) in items(of) {
        let Item::Impl(item) = item else { continue };
        if item.trait_.is_some() {
            continue;
        }
        let Some(path) = owned(&item.self_ty) else {
            continue;
        };
        let homes: BTreeSet<_> = of
            .resolve(&module, &path)
            .into_iter()
            .filter_map(|target| match target {
                Target::Item { file, .. } => Some(file),
                Target::Module(_) => None,
            })
            .collect();
        let apart = |home: &&usize| {
            of.files[file]
                .features
                .is_subset(&of.files[**home].features)
        };
        if let Some(home) = homes
            .first()
            .filter(|_| !homes.contains(&file))
            .filter(apart)
        {
            let name = path.join("::");
            findings.push(Finding {
                path: of.files[file].path.clone(),
                line: item.impl_token.span.start().line,
                rule: Rule::Impls,
                message: format!(
                    "`impl {name}` stands apart from its type in {}: divide the type, not its file",
                    of.files[*home].path
                ),
            });
        }
    }
    findings
}

/// Private types of one crate that have the same name. Definitions in one module are one name, between
/// which a `cfg` chooses.
pub(crate) fn check_names(of: &Crate) -> Vec<Finding> {
    let mut named: BTreeMap<String, BTreeMap<ModulePath, (usize, usize)>> = BTreeMap::new();
    for (file, module, item) in items(of) {
        let (ident, visibility) = match &item {
            Item::Struct(item) => (&item.ident, &item.vis),
            Item::Enum(item) => (&item.ident, &item.vis),
            Item::Trait(item) => (&item.ident, &item.vis),
            Item::Type(item) => (&item.ident, &item.vis),
            _ => continue,
        };
        if !matches!(visibility, Visibility::Public(_)) {
            let place = (file, ident.span().start().line);
            named
                .entry(ident.to_string())
                .or_default()
                .insert(module, place);
        }
    }
    let mut findings = Vec::new();
    for (name, places) in named {
        let first = places.values().next().copied();
        for (file, line) in places.values().skip(1) {
            let (other, at) = first.unwrap_or((*file, *line));
            findings.push(Finding {
                path: of.files[*file].path.clone(),
                line: *line,
                rule: Rule::Names,
                message: format!(
                    "`{name}` is also a private type at {}:{at}: one name, one meaning",
                    of.files[other].path
                ),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tree::example;
    use super::{check_fields, check_impls, check_names, sizes};

    #[test]
    fn fields_of_owned_structs_count_and_those_of_shared_and_of_data_do_not() {
        let house = example(&[
            (
                "src/lib.rs",
                "mod a; struct Whole { a: Mutex<Option<a::Part>>, b: Arc<a::Part>, c: Options, d: Vec<a::Part> }\n\
                pub struct Options { pub a: u8, pub b: u8 }",
            ),
            (
                "src/a.rs",
                "pin_project! { pub(crate) struct Part { a: u8, b: u8, c: Empty } } struct Empty;",
            ),
        ]);
        let sizes: Vec<_> = sizes(&house)
            .into_iter()
            .map(|(one, size)| (one.name, size.own, size.whole))
            .collect();
        assert_eq!(
            sizes,
            [("Whole".to_owned(), 4, 6), ("Part".to_owned(), 3, 3)]
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
        assert!(check_fields(&house("a: u8, b: u8")).is_empty());
        assert_eq!(check_fields(&house("a: u8, b: u8, c: u8")).len(), 1);
    }

    #[test]
    fn an_impl_in_another_file_is_found_and_a_traits_is_not() {
        let root = ("src/lib.rs", "mod a; mod b; pub struct R;");
        let a = (
            "src/a.rs",
            "pub struct A; impl A {} impl Clone for super::R {}",
        );
        let house = example(&[root, a, ("src/b.rs", "use super::a::A;\nimpl A {}")]);
        let findings = check_impls(&house);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].path.as_str(), findings[0].line),
            ("crates/example/src/b.rs", 2)
        );
    }

    #[test]
    fn a_module_of_a_feature_may_add_to_a_type() {
        let house = |gate: &str| {
            let root = format!("pub struct A; {gate} mod grpc;");
            example(&[("src/lib.rs", &root), ("src/grpc.rs", "impl super::A {}")])
        };
        assert_eq!(check_impls(&house("")).len(), 1);
        assert!(check_impls(&house("#[cfg(feature = \"grpc\")]")).is_empty());
    }

    #[test]
    fn two_private_types_of_one_name_are_found_and_a_choice_of_cfg_is_not() {
        let house = example(&[
            (
                "src/lib.rs",
                "mod a; #[cfg(unix)] struct Twice; #[cfg(not(unix))] struct Twice; pub struct State;",
            ),
            (
                "src/a.rs",
                "struct State; mod deep { pub(crate) enum Guard {} } type Guard = u8;",
            ),
        ]);
        let messages: Vec<_> = check_names(&house)
            .into_iter()
            .map(|finding| finding.message)
            .collect();
        assert_eq!(messages.len(), 1);
        assert!(messages[0].starts_with("`Guard` is also"));
    }
}
