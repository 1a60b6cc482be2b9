//! Functions of more than thirty lines, and the paragraph that says how they work.

use syn::visit::{self, Visit};
use syn::{Attribute, Block, Ident};

use super::finding::{Finding, Rule};
use super::items::is_for_tests;
use super::source::{Source, Text};
use super::tree::File;

/// The longest function, from `fn` to its closing brace, that needs no paragraph.
const LONG: usize = 30;

/// The fewest words, in the documentation and the comments inside together, that are a paragraph.
const PARAGRAPH: usize = 12;

pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut visitor = Visitor {
        path: &file.path,
        source: &file.source,
        findings: Vec::new(),
    };
    visitor.visit_file(&file.syntax);
    visitor.findings
}

struct Visitor<'a> {
    path: &'a str,
    source: &'a Source,
    findings: Vec<Finding>,
}

impl Visitor<'_> {
    fn function(&mut self, name: &Ident, attributes: &[Attribute], block: &Block) {
        let first = name.span().start().line;
        let last = block.brace_token.span.close().end().line;
        let lines = last - first + 1;
        let above = documented(attributes).max(self.above(first - attributes.len()));
        let words = above + self.commented(first, last);
        if lines > LONG && words < PARAGRAPH {
            self.findings.push(Finding {
                path: self.path.to_owned(),
                line: first,
                rule: Rule::Functions,
                message: format!(
                    "`{name}` has {lines} lines and no paragraph that says how it works"
                ),
            });
        }
    }

    /// The words of the comment that ends above a line.
    fn above(&self, line: usize) -> usize {
        let comments = self.source.comments.iter();
        let above = comments.filter(|comment| comment.line + comment.text.lines().count() == line);
        above.map(Text::words).sum()
    }

    /// The words of the comments between two lines.
    fn commented(&self, first: usize, last: usize) -> usize {
        let comments = self.source.comments.iter();
        let inside = comments.filter(|comment| (first..=last).contains(&comment.line));
        inside.map(Text::words).sum()
    }
}

/// The words of a function's documentation.
fn documented(attributes: &[Attribute]) -> usize {
    let documents = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    documents.map(|text| text.split_whitespace().count()).sum()
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    // A test's name says what it shows, so it needs no paragraph.
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.function(&item.sig.ident, &item.attrs, &item.block);
        }
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig.ident, &item.attrs, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig.ident, &item.attrs, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::example;

    fn found(before: &str, inside: &str, lines: usize) -> usize {
        let body = "    f();\n".repeat(lines - 2);
        let text = format!("{before}\nfn long() {{ {inside}\n{body}}}\n");
        super::check(&example(&[("src/lib.rs", &text)]).files[0]).len()
    }

    const PARAGRAPH: &str =
        "Waits for the first of the two, because the second may never come at all.";

    #[test]
    fn a_long_function_needs_a_paragraph_above_or_inside() {
        assert_eq!(found("", "", 31), 1);
        assert_eq!(found("/// Runs.", "", 31), 1);
        assert_eq!(found(&format!("/// {PARAGRAPH}"), "", 31), 0);
        assert_eq!(found("", &format!("// {PARAGRAPH}"), 31), 0);
        assert_eq!(found(&format!("// {PARAGRAPH}\n#[inline]"), "", 31), 0);
        assert_eq!(found(&format!("// {PARAGRAPH}\n"), "", 31), 1);
    }

    #[test]
    fn thirty_lines_and_tests_need_none() {
        assert_eq!(found("", "", 30), 0);
        assert_eq!(found("#[tokio::test]", "", 40), 0);
    }
}
