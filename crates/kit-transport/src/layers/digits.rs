//! Ids as hexadecimal digits.

/// The two digits of each byte, in lower case.
static DIGITS: [[u8; 2]; 256] = {
    let mut all = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        let digits = b"0123456789abcdef";
        all[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    all
};

/// The two digits of a byte, in lower case.
pub(super) fn digits_of(byte: u8) -> [u8; 2] {
    DIGITS[usize::from(byte)]
}
