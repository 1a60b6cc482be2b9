//! Names as Prometheus has them.

use std::borrow::Cow;

/// The name of a metric: letters, digits, `_` and `:`, and no digit at first.
pub(super) fn page_name(name: &str) -> Cow<'_, str> {
    spelled(name, |letter| letter == ':')
}

/// Letters, digits, `_` and those that are allowed beside them, and no digit at first.
pub(super) fn spelled(name: &str, is_more: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_right = |place: usize, letter: char| {
        letter.is_ascii_alphabetic()
            || letter == '_'
            || is_more(letter)
            || (place > 0 && letter.is_ascii_digit())
    };
    let mut letters = name.chars().enumerate();
    if letters.all(|(place, letter)| is_right(place, letter)) {
        return Cow::Borrowed(name);
    }
    let letters = name.chars().enumerate();
    let spelled = letters.map(|(place, letter)| match is_right(place, letter) {
        true => letter,
        false => '_',
    });
    Cow::Owned(spelled.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prometheus_does_not_allow_is_replaced() {
        assert_eq!(page_name("orders:asked_total"), "orders:asked_total");
        assert_eq!(page_name("orders.askéd-2"), "orders_ask_d_2");
        assert_eq!(page_name("2nd"), "_nd");
        assert_eq!(spelled("http.route:x", |_| false), "http_route_x");
    }
}
