//! Numbers as files write them.

/// A whole number from its digits, which may have a sign and no other mark.
pub(super) fn integer(digits: &str, radix: u32) -> Result<i128, String> {
    i128::from_str_radix(digits, radix)
        .map_err(|_| "this whole number has too many digits; 38 are read at most".to_owned())
}

/// A number, infinite only if it is written so. NaN is none: it is below no limit and above none, so
/// that each check of a range would let it through.
pub(super) fn float(written: &str) -> Result<f64, String> {
    let number: f64 = written
        .parse()
        .map_err(|_| format!("{written:?} is not a number"))?;
    if number.is_nan() {
        return Err("a setting has to be a number, and NaN is none".to_owned());
    }
    if number.is_infinite() && !written.to_ascii_lowercase().contains("inf") {
        return Err("this number is too large; the largest is about 1.8e308".to_owned());
    }
    Ok(number)
}
