//! How many columns a terminal gives a character.

/// Combining marks, and characters that only say how others are shown.
const NONE: &[(u32, u32)] = &[
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x0610, 0x061a),
    (0x064b, 0x065f),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200f),
    (0x202a, 0x202e),
    (0x2060, 0x2064),
    (0x20d0, 0x20f0),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0xfeff, 0xfeff),
    (0x1f3fb, 0x1f3ff),
    (0xe0100, 0xe01ef),
];

/// The scripts of East Asia, and emoji.
const TWO: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x231a, 0x231b),
    (0x23e9, 0x23ec),
    (0x2614, 0x2615),
    (0x2648, 0x2653),
    (0x26a1, 0x26a1),
    (0x2705, 0x2705),
    (0x2728, 0x2728),
    (0x274c, 0x274c),
    (0x2753, 0x2757),
    (0x2795, 0x2797),
    (0x2b50, 0x2b55),
    (0x2e80, 0x303e),
    (0x3041, 0x33ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xa000, 0xa4cf),
    (0xa960, 0xa97c),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff00, 0xff60),
    (0xffe0, 0xffe6),
    (0x1b000, 0x1b2ff),
    (0x1f300, 0x1f64f),
    (0x1f680, 0x1f6ff),
    (0x1f900, 0x1faff),
    (0x20000, 0x3fffd),
];

/// How many columns a terminal gives a character: none, one or two. A tab counts as one.
pub(super) fn columns(c: char) -> usize {
    let is_in = |ranges: &[(u32, u32)]| {
        let code = u32::from(c);
        let next = ranges.partition_point(|(_, last)| *last < code);
        ranges.get(next).is_some_and(|(first, _)| *first <= code)
    };
    match c {
        _ if c.is_ascii() => 1,
        _ if is_in(NONE) => 0,
        _ if is_in(TWO) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_columns_that_terminals_give_them() {
        for (text, expected) in [
            ("aé\t", 3),
            ("漢字", 4),
            ("かな", 4),
            ("한글", 4),
            ("ｗ", 2),
            ("e\u{301}", 1),
            ("😀", 2),
            ("👍\u{1f3fd}", 2),
            ("\u{feff}…", 1),
        ] {
            assert_eq!(text.chars().map(columns).sum::<usize>(), expected, "{text}");
        }
        for ranges in [NONE, TWO] {
            assert!(
                ranges
                    .iter()
                    .flat_map(|(first, last)| [first, last])
                    .is_sorted()
            );
        }
    }
}
