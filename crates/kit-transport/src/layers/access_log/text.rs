//! Copies of texts, which are short mostly.

/// The bytes that are kept in place: most paths are shorter.
const SHORT: usize = 46;

/// A copy of a text, without an allocation if it is short.
pub(super) struct ShortText(TextPlace);

enum TextPlace {
    Here { bytes: [u8; SHORT], length: u8 },
    Block(Box<str>),
}

impl ShortText {
    /// The one that these parts make.
    pub(super) fn new(parts: [&str; 2]) -> ShortText {
        let [first, second] = parts.map(str::as_bytes);
        let length = first.len() + second.len();
        if length > SHORT {
            return ShortText(TextPlace::Block(parts.concat().into()));
        }
        let mut bytes = [0; SHORT];
        bytes[..first.len()].copy_from_slice(first);
        bytes[first.len()..length].copy_from_slice(second);
        let length = u8::try_from(length).unwrap_or(u8::MAX);
        ShortText(TextPlace::Here { bytes, length })
    }

    pub(super) fn as_str(&self) -> &str {
        match &self.0 {
            // A copy of texts is one.
            TextPlace::Here { bytes, length } => {
                str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
            TextPlace::Block(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_its_parts_make_however_long() {
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 1_000] {
            let (first, second) = (
                "/".repeat(length / 3),
                "ä".repeat((length - length / 3) / 2),
            );
            let text = ShortText::new([&first, &second]);
            assert_eq!(text.as_str(), first.clone() + &second);
            let is_short = first.len() + second.len() <= SHORT;
            assert_eq!(
                matches!(text.0, TextPlace::Here { .. }),
                is_short,
                "{length}"
            );
        }
    }
}
