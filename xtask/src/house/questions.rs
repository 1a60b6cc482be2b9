//! Names that make a promise: `is_` and `has_` ask, a limit is a duration, a deadline an instant.

use syn::visit::{self, Visit};
use syn::{
    FnArg, GenericArgument, Ident, PathArguments, ReceiverKind, ReturnType, Signature, Type,
};

use super::finding::{Finding, Rule};
use super::items::{inside, is_for_tests};
use super::tree::File;

pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut visitor = Visitor {
        path: &file.path,
        findings: Vec::new(),
    };
    visitor.visit_file(&file.syntax);
    visitor.findings
}

struct Visitor<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Visitor<'_> {
    fn add(&mut self, rule: Rule, name: &Ident, message: String) {
        self.findings.push(Finding {
            path: self.path.to_owned(),
            line: name.span().start().line,
            rule,
            message,
        });
    }

    /// Checks a function that is called `is_…` or `has_…`: the receiver is shared, no argument is
    /// changed, and the answer is a `bool` or an `Option`. One function may have all three faults.
    fn question(&mut self, signature: &Signature) {
        let name = signature.ident.to_string();
        if !name.starts_with("is_") && !name.starts_with("has_") {
            return;
        }
        let verb = "what changes something is a verb: `mark_`, `set_`, `record_`, `take_`";
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(receiver) if !is_shared(receiver) => {
                    self.add(
                        Rule::Questions,
                        &signature.ident,
                        format!("`{name}` does not take `&self`; {verb}"),
                    );
                }
                FnArg::Typed(typed) if matches!(&*typed.ty, Type::Reference(reference) if reference.mutability.is_some()) =>
                {
                    self.add(
                        Rule::Questions,
                        &signature.ident,
                        format!("`{name}` takes `&mut`; {verb}"),
                    );
                }
                _ => {}
            }
        }
        let answers = match &signature.output {
            ReturnType::Default => false,
            ReturnType::Type(_, answer) => {
                last_name(answer).is_some_and(|name| name == "bool" || name == "Option")
            }
        };
        if !answers {
            self.add(
                Rule::Questions,
                &signature.ident,
                format!("`{name}` answers neither `bool` nor `Option`; {verb}"),
            );
        }
    }

    /// A name with `limit`, `timeout` or `deadline` in it, beside its type.
    fn time(&mut self, name: &Ident, of: &Type) {
        let text = name.to_string();
        let has = |word: &str| text.split('_').any(|part| part == word);
        let holds = |word| names(of).iter().any(|name| name == word);
        if (has("limit") || has("timeout")) && holds("Instant") {
            self.add(
                Rule::Times,
                name,
                format!("`{text}` is an instant: call it a deadline"),
            );
        }
        if has("deadline") && holds("Duration") {
            self.add(
                Rule::Times,
                name,
                format!("`{text}` is a duration: call it a limit or a timeout"),
            );
        }
    }
}

/// `&self`, `self: &Arc<Self>` and the like.
fn is_shared(receiver: &syn::Receiver) -> bool {
    let is_shared = |of: &Type| matches!(of, Type::Reference(to) if to.mutability.is_none());
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, of) => match &**of {
            // `Pin<&Self>`
            Type::Path(path) => arguments(path).iter().any(|inner| is_shared(inner)),
            of => is_shared(of),
        },
        _ => false,
    }
}

/// The types in the angle brackets of a path.
fn arguments(path: &syn::TypePath) -> Vec<&Type> {
    let last = path.path.segments.last().map(|last| &last.arguments);
    let Some(PathArguments::AngleBracketed(inner)) = last else {
        return Vec::new();
    };
    let types = inner.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(of) => Some(of),
        _ => None,
    });
    types.collect()
}

fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    }
}

/// The type's own name, or that of what an `Option` or a reference holds.
fn names(of: &Type) -> Vec<String> {
    match of {
        Type::Reference(reference) => names(&reference.elem),
        Type::Path(path) if last_name(of).is_some_and(|name| name == "Option") => {
            arguments(path).into_iter().flat_map(names).collect()
        }
        of => last_name(of).into_iter().collect(),
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.question(&item.sig);
        }
        visit::visit_item_fn(self, item);
    }

    // The signatures of a trait are checked where the trait is defined, if it is ours.
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if item.trait_.is_none() {
            for member in &item.items {
                if let syn::ImplItem::Fn(member) = member {
                    self.question(&member.sig);
                }
            }
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.question(&item.sig);
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        for item in inside(item) {
            let mut visitor = Visitor {
                path: self.path,
                findings: Vec::new(),
            };
            visitor.visit_item(&item);
            self.findings.append(&mut visitor.findings);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.time(name, &field.ty);
        }
    }

    fn visit_pat_type(&mut self, pattern: &'ast syn::PatType) {
        if let syn::Pat::Ident(name) = &*pattern.pat {
            self.time(&name.ident, &pattern.ty);
        }
        visit::visit_pat_type(self, pattern);
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        if let ReturnType::Type(_, answer) = &signature.output {
            self.time(&signature.ident, answer);
        }
        visit::visit_signature(self, signature);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Rule;
    use super::super::tree::example;

    fn found(text: &str) -> Vec<(usize, Rule)> {
        let house = example(&[("src/lib.rs", text)]);
        let findings = super::check(&house.files[0]);
        findings
            .into_iter()
            .map(|finding| (finding.line, finding.rule))
            .collect()
    }

    #[test]
    fn a_question_that_changes_or_gives_something_else_is_found() {
        let text = "impl A {\n fn is_a(&self) {}\n fn has_b(&mut self) -> bool {}\n fn is_c(self) -> bool {}\n}\n\
            fn is_d(a: &mut u8) -> bool {}\ntrait T { fn has_e(&self) -> Instant; }\npin_project! { struct S {} impl S { fn is_f(&self) -> u8 {} } }";
        let lines: Vec<_> = found(text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 3, 4, 6, 7, 8]);
    }

    #[test]
    fn a_question_is_one_in_every_spelling_that_changes_nothing() {
        let text = "impl A { pub const fn is_a(&self) -> bool {} async fn has_b(self: &Arc<Self>) -> Option<u8> {} }\n\
            fn is_c(a: &u8) -> bool {}\nimpl Body for A { fn is_d(self: Pin<&mut Self>) -> u8 {} }\n#[tokio::test] async fn is_e() {}";
        assert!(found(text).is_empty());
    }

    #[test]
    fn a_limit_is_no_instant_and_a_deadline_no_duration() {
        let text = "struct S {\n read_limit: Option<Instant>,\n deadline: Duration,\n limit: usize }\n\
            fn f(timeout: Instant, deadline: &Instant, limits: Limits) {}";
        assert_eq!(
            found(text),
            [(2, Rule::Times), (3, Rule::Times), (5, Rule::Times)]
        );
    }
}
