//! Where the `impl` of a type stands, and names of private types that mean two things.

use std::collections::{BTreeMap, BTreeSet};

use syn::{ImplItem, Item, ItemImpl, ReturnType, Visibility};

use super::finding::{Finding, Rule};
use super::modules::{ModulePath, Target};
use super::structs::owned;
use super::tree::Crate;

/// `impl` blocks, without a trait, that stand in another file than their type.
///
/// A module that a feature brings may add to a type that is there without the feature. What begins a
/// builder stands beside the builder: `build` needs the type, so the type's file cannot need the builder.
pub(super) fn check_impls(of: &Crate) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, module, item) in of.items() {
        let Item::Impl(item) = item else { continue };
        if item.trait_.is_some() {
            continue;
        }
        let Some(path) = owned(&item.self_ty) else {
            continue;
        };
        if begins_builders(of, file, &module, &item) {
            continue;
        }
        let homes: BTreeSet<_> = of
            .modules
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

/// Whether an `impl` has nothing but functions without `self` that give a type of its own file.
fn begins_builders(of: &Crate, file: usize, module: &ModulePath, item: &ItemImpl) -> bool {
    let begins = |item: &ImplItem| {
        let ImplItem::Fn(function) = item else {
            return false;
        };
        let ReturnType::Type(_, given) = &function.sig.output else {
            return false;
        };
        let is_here = |target| matches!(target, Target::Item { file: home, .. } if home == file);
        let given = owned(given).map(|path| of.modules.resolve(module, &path));
        function.sig.receiver().is_none() && given.into_iter().flatten().any(is_here)
    };
    !item.items.is_empty() && item.items.iter().all(begins)
}

/// Private types of one crate that have the same name. Definitions in one module are one name, between
/// which a `cfg` chooses; so are those in a module and in the one that stands in for it, such as `tls`
/// and `no_tls`.
pub(super) fn check_names(of: &Crate) -> Vec<Finding> {
    let mut named: BTreeMap<String, BTreeMap<ModulePath, (usize, usize)>> = BTreeMap::new();
    for (file, module, item) in of.items() {
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
                .entry(without_no(module))
                .or_insert(place);
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

/// The module's path, with `no_x` called `x`.
fn without_no(module: ModulePath) -> ModulePath {
    let name = |part: String| {
        part.strip_prefix("no_")
            .map(ToOwned::to_owned)
            .unwrap_or(part)
    };
    module.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::example;
    use super::{check_impls, check_names};

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
    fn what_begins_a_builder_stands_beside_the_builder() {
        let house = |function: &str| {
            let b = format!("use super::a::A; pub struct B; impl A {{ {function} }}");
            let root = ("src/lib.rs", "mod a; mod b;");
            example(&[root, ("src/a.rs", "pub struct A;"), ("src/b.rs", &b)])
        };
        assert!(check_impls(&house("pub fn builder() -> B { B }")).is_empty());
        for other in [
            "pub fn into_builder(self) -> B { B }",
            "pub fn new() -> A { A }",
            "pub fn builder() -> B { B } pub fn run(self) {}",
            "",
        ] {
            assert_eq!(check_impls(&house(other)).len(), 1, "{other}");
        }
    }

    #[test]
    fn a_module_and_the_one_that_stands_in_for_it_have_the_same_names() {
        let house = |other: &str| {
            example(&[
                ("src/lib.rs", &format!("mod tls; mod {other};")),
                ("src/tls.rs", "struct Accept;"),
                (&format!("src/{other}.rs"), "struct Accept;"),
            ])
        };
        assert!(check_names(&house("no_tls")).is_empty());
        assert_eq!(check_names(&house("other")).len(), 1);
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
                "struct State; mod deep { pub(super) enum Guard {} } type Guard = u8;",
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
