//! Reading on behind mistakes of the form.

use std::borrow::Cow;
use std::ops::Range;

use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// How many mistakes are passed over: each costs a parse.
const MAX_PASSED: usize = 20;

/// A text that can be read, made from one that perhaps cannot.
pub(super) struct Mended<'t> {
    /// No byte is at another place than in the text, up to the cut.
    pub(super) text: Cow<'t, str>,
    pub(super) options: ParseOptions,
    /// The mistakes of the form, with their places.
    pub(super) faults: Vec<(Range<usize>, String)>,
    /// Where the text was cut; each list and table that is open there was closed.
    pub(super) cut: Option<usize>,
}

/// Makes a text readable.
///
/// Commas too many and comments are blanked, a comma that is missing is put into the space before the next
/// value, and names without quotes are taken, so that the reading goes on as if they were right. At any other
/// mistake the text is cut: what follows could mean anything.
pub(super) fn mended(text: &str) -> Mended<'_> {
    let mut mended = Mended {
        text: Cow::Borrowed(text),
        options: strict(),
        faults: Vec::new(),
        cut: None,
    };
    mended.blank_odd_spaces();
    while let Err(error) = parse(&mended.text, &mended.options) {
        let range = error.range();
        let fault = (range.start..range.end, error.kind().to_string());
        mended.faults.push(fault);
        if mended.faults.len() >= MAX_PASSED || !mended.pass(&error) {
            mended.cut(&error);
            break;
        }
    }
    mended
}

fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn parse(text: &str, options: &ParseOptions) -> Result<(), ParseError> {
    parse_to_ast(text, &CollectOptions::default(), options).map(drop)
}

impl Mended<'_> {
    /// Blanks white space that the parser takes between values, and the standard does not.
    fn blank_odd_spaces(&mut self) {
        let mut odd: Vec<Range<usize>> = Vec::new();
        outside_of_texts(&self.text, |at, c| {
            if c.is_whitespace() && !matches!(c, ' ' | '\t' | '\r' | '\n') {
                odd.push(at..at + c.len_utf8());
            }
        });
        for bytes in &odd {
            let blank = " ".repeat(bytes.len());
            self.text.to_mut().replace_range(bytes.clone(), &blank);
        }
        // Each is the same mistake, and the first ones show it.
        for bytes in odd.into_iter().take(MAX_PASSED) {
            let message =
                "this white space cannot stand between values; spaces, tabs and line breaks can";
            self.faults.push((bytes, message.to_owned()));
        }
    }

    /// Makes the next parse go past a mistake; `false` if there is no way.
    fn pass(&mut self, error: &ParseError) -> bool {
        let bytes = error.range().start..error.range().end;
        match error.kind() {
            ParseErrorKind::CommentsNotAllowed | ParseErrorKind::TrailingCommasNotAllowed => {
                let blank = " ".repeat(bytes.len());
                self.text.to_mut().replace_range(bytes, &blank);
                true
            }
            ParseErrorKind::ExpectedComma => {
                let space = bytes.start..bytes.start + 1;
                let is_space = self.text.get(space.clone()).is_some_and(is_blank);
                if is_space {
                    self.text.to_mut().replace_range(space, ",");
                }
                is_space
            }
            ParseErrorKind::ExpectedStringObjectProperty => {
                self.options.allow_loose_object_property_names = true;
                true
            }
            ParseErrorKind::SingleQuotedStringsNotAllowed => {
                self.options.allow_single_quoted_strings = true;
                true
            }
            _ => false,
        }
    }

    /// Cuts the text at a mistake, and closes each list and table that is open there.
    ///
    /// A value right before the mistake may be damaged by it, unless the text just ends. So the text is cut
    /// behind the last value that a comma follows, else where its list or table begins. What the scan takes
    /// for open is what the parser has met: up to the mistake the text is well-formed.
    fn cut(&mut self, error: &ParseError) {
        let is_end = matches!(
            error.kind(),
            ParseErrorKind::UnterminatedObject | ParseErrorKind::UnterminatedArray
        );
        let at = match error.kind() {
            _ if is_end => self.text.len(),
            // The value is complete, and there is another one behind it.
            ParseErrorKind::MultipleRootJsonValues => {
                self.text.to_mut().truncate(error.range().start);
                return;
            }
            _ => error.range().start,
        };
        let open = open_at(&self.text[..at]);
        let closers: String = open.iter().rev().map(|open| open.closer).collect();
        let safe = open.last().map_or(0, |open| open.safe);
        let whole = is_end.then_some(at);
        for cut in whole.into_iter().chain([safe]) {
            let text = format!("{}{closers}", &self.text[..cut]);
            if parse(&text, &self.options).is_ok() {
                self.text = Cow::Owned(text);
                self.cut = Some(cut);
                return;
            }
        }
        self.text = Cow::Borrowed("");
        self.cut = Some(0);
    }
}

fn is_blank(text: &str) -> bool {
    text.trim_ascii().is_empty()
}

/// A list or a table that is not closed.
struct Open {
    closer: char,
    /// The end of its last value that a comma follows, else its beginning.
    safe: usize,
}

/// The lists and tables that are open at the end of a text, outermost first.
fn open_at(text: &str) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    outside_of_texts(text, |at, c| match c {
        '{' | '[' => open.push(Open {
            closer: if c == '{' { '}' } else { ']' },
            safe: at + 1,
        }),
        '}' | ']' => drop(open.pop()),
        ',' => {
            if let Some(open) = open.last_mut() {
                open.safe = at;
            }
        }
        _ => {}
    });
    open
}

/// Visits each character that is in no quotes, the quotes left out, with its place.
fn outside_of_texts(text: &str, mut visit: impl FnMut(usize, char)) {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(end) => {
                if c == end && !is_escaped {
                    quote = None;
                }
                is_escaped = c == '\\' && !is_escaped;
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => visit(at, c),
        }
    }
}
