//! The text of a Rust file, divided into code, comments and string literals.
//!
//! `syn` drops `//` comments, and the lints are about comments, so this scanner finds them.
//! It knows the few tokens inside which `//` and `"` mean nothing: strings, raw strings, character
//! literals and block comments.

/// A comment or a string literal. Comments on lines that follow each other are one text, so that a
/// phrase is found across the end of a line.
#[derive(Debug, PartialEq)]
pub(super) struct Text {
    /// The line of the first character, from 1.
    pub(super) line: usize,
    /// The text, one line of the file for each line, without the comment's marks.
    pub(super) text: String,
}

impl Text {
    pub(super) fn words(&self) -> usize {
        self.text.split_whitespace().count()
    }

    /// The file's line of the byte at `at`.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.line + self.text[..at].matches('\n').count()
    }
}

/// A file, taken apart.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The file with its lines in place, comments and literals replaced by blanks.
    pub(super) code: String,
    pub(super) comments: Vec<Text>,
    pub(super) strings: Vec<Text>,
}

impl Source {
    pub(super) fn parse(text: &str) -> Self {
        let mut scanner = Scanner {
            text,
            at: 0,
            line: 1,
            source: Self::default(),
        };
        while scanner.at < text.len() {
            scanner.step();
        }
        scanner.source
    }

    /// The lines of a file up to its tests, which stand at its end.
    pub(super) fn product_lines(&self, text: &str) -> usize {
        let tests = text
            .lines()
            .position(|line| line.starts_with("#[cfg(") && line.contains("test"));
        let lines: Vec<_> = text.lines().collect();
        match tests {
            Some(at)
                if lines[at + 1..]
                    .first()
                    .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{')) =>
            {
                at
            }
            _ => lines.len(),
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    source: Source,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes one token: a comment, a literal, an identifier, or a single character.
    ///
    /// Identifiers are taken whole, because the `r` at the end of one begins no raw string.
    fn step(&mut self) {
        let rest = self.rest();
        if rest.starts_with("//") {
            return self.line_comment();
        }
        if rest.starts_with("/*") {
            return self.block_comment();
        }
        if let Some(prefix) = string_prefix(rest) {
            return self.string(prefix);
        }
        if let Some(length) = char_literal(rest) {
            self.take(length, false);
            return;
        }
        let word = rest
            .find(|char: char| !char.is_alphanumeric() && char != '_')
            .unwrap_or(rest.len());
        let first = rest.chars().next().map_or(1, char::len_utf8);
        self.take(word.max(first), true);
    }

    /// Moves on, and keeps what is passed as code or leaves blanks for it.
    fn take(&mut self, length: usize, is_code: bool) -> &'a str {
        let taken = &self.text[self.at..self.at + length];
        for char in taken.chars() {
            if char == '\n' {
                self.line += 1;
            }
            let keeps = is_code || char == '\n';
            self.source.code.push(if keeps { char } else { ' ' });
        }
        self.at += length;
        taken
    }

    fn line_comment(&mut self) {
        let rest = self.rest();
        let line = self.line;
        let marks = ["///", "//!", "//"];
        let mark = marks.into_iter().find(|mark| rest.starts_with(mark));
        let length = rest.find('\n').unwrap_or(rest.len());
        let taken = self.take(length, false);
        let text = &taken[mark.map_or(0, str::len)..];
        let alone = self
            .source
            .code
            .lines()
            .last()
            .unwrap_or("")
            .trim()
            .is_empty();
        match self.source.comments.last_mut() {
            Some(last) if alone && last.line + last.text.lines().count() == line => {
                last.text.push_str(text);
                last.text.push('\n');
            }
            _ => self.source.comments.push(Text {
                line,
                text: format!("{text}\n"),
            }),
        }
    }

    fn block_comment(&mut self) {
        let rest = self.rest();
        let line = self.line;
        let (mut depth, mut length) = (0, 0);
        while length < rest.len() {
            if rest[length..].starts_with("/*") {
                (depth, length) = (depth + 1, length + 2);
            } else if rest[length..].starts_with("*/") {
                (depth, length) = (depth - 1, length + 2);
                if depth == 0 {
                    break;
                }
            } else {
                length += rest[length..].chars().next().map_or(1, char::len_utf8);
            }
        }
        let text = self.take(length, false);
        let text = text.trim_start_matches("/*").trim_end_matches("*/");
        self.source.comments.push(Text {
            line,
            text: text.to_owned(),
        });
    }

    fn string(&mut self, prefix: Prefix) {
        let line = self.line;
        let body = &self.rest()[prefix.length..];
        let (end, closing) = match prefix.hashes {
            Some(hashes) => {
                let closing = format!("\"{}", "#".repeat(hashes));
                (body.find(&closing).unwrap_or(body.len()), closing.len())
            }
            None => (end_of_string(body), 1),
        };
        let length = (prefix.length + end + closing).min(self.rest().len());
        self.take(length, false);
        self.source.strings.push(Text {
            line,
            text: body[..end].to_owned(),
        });
    }
}

/// How a string literal begins.
struct Prefix {
    length: usize,
    /// The hashes of a raw string.
    hashes: Option<usize>,
}

fn string_prefix(rest: &str) -> Option<Prefix> {
    let letters = ["br", "cr", "b", "c", "r", ""];
    let letters = letters
        .into_iter()
        .find(|letters| rest.starts_with(letters))?;
    let after = &rest[letters.len()..];
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let is_raw = letters.ends_with('r');
    (after[hashes..].starts_with('"') && (is_raw || hashes == 0)).then_some(Prefix {
        length: letters.len() + hashes + 1,
        hashes: is_raw.then_some(hashes),
    })
}

/// Where the closing quote stands, with escaped characters passed over.
fn end_of_string(body: &str) -> usize {
    let mut escaped = false;
    for (at, char) in body.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    body.len()
}

/// The length of a character literal; a quote that begins a lifetime is none.
fn char_literal(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        // The escaped character may be a quote, so it is passed over before the search.
        return inner.get(2..)?.find('\'').map(|end| end + 4);
    }
    let length = first.len_utf8();
    inner[length..].starts_with('\'').then_some(length + 2)
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn comments_on_lines_that_follow_each_other_are_one_text() {
        let source = Source::parse("/// waits\n/// long\nfn f() {} // there\n// more\n");
        let texts: Vec<_> = source
            .comments
            .iter()
            .map(|text| (text.line, text.text.as_str()))
            .collect();
        assert_eq!(texts, [(1, " waits\n long\n"), (3, " there\n more\n")]);
        assert_eq!(source.comments[0].line_of(8), 2);
    }

    #[test]
    fn a_string_holds_no_comment_and_a_comment_no_string() {
        let source = Source::parse("f(\"a // b \\\" c\"); // \"d\"\nlet x = r#\"e \" f\"#;\n");
        let strings: Vec<_> = source
            .strings
            .iter()
            .map(|text| text.text.as_str())
            .collect();
        assert_eq!(strings, ["a // b \\\" c", "e \" f"]);
        assert_eq!(source.comments.len(), 1);
        assert_eq!(
            source.code.lines().nth(1).map(str::trim_end),
            Some("let x =           ;")
        );
    }

    #[test]
    fn a_lifetime_opens_no_literal_and_a_quoted_quote_closes_none() {
        let source =
            Source::parse("fn f<'a>(x: &'a str, y: char) { y == '\"' || y == '\\'' } // c\n");
        assert!(source.strings.is_empty());
        assert_eq!(source.comments.len(), 1);
        assert!(source.code.contains("&'a str"));
    }

    #[test]
    fn a_block_comment_ends_where_its_own_end_stands() {
        let source = Source::parse("/* a /* b */\n c */ let x = 1;\n");
        assert_eq!(source.comments[0].text, " a /* b */\n c ");
        assert!(source.code.contains("let x"));
    }
}
