//! Documentation as the page has it: one paragraph, without links into the code.

/// The first paragraph in one line.
pub(crate) fn paragraph(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or_default();
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(&without_links(&line))
}

/// With its bars escaped, which would end a cell.
pub(crate) fn plain(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `[text](target)` and `[text]` become `text`, where the target is code.
fn without_links(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let (before, link) = rest.split_at(start);
        let Some((name, after)) = link[1..].split_once(']') else {
            break;
        };
        result += before;
        // An IPv6 address in brackets stays as it is.
        if name.contains(':') && !name.contains("::<") && !name.starts_with('`') {
            result += &format!("[{name}]");
            rest = after;
            continue;
        }
        result += name;
        rest = match after
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'))
        {
            Some((_, after)) => after,
            None => after,
        };
    }
    result + rest
}
