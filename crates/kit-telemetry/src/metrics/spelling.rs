//! Names as Prometheus has them.

use std::borrow::Cow;

use super::catalogue::MetricKind;

/// The name of a metric: letters, digits, `_` and `:`, and no digit at first.
pub(super) fn page_name(name: &str) -> Cow<'_, str> {
    spelled(name, |letter| letter == ':')
}

/// The name of a label: letters, digits and `_`, and no digit at first. The names that Prometheus has for itself are
/// renamed as it renames them, with `exported_`.
pub(super) fn page_label(label: &str, kind: MetricKind) -> Cow<'_, str> {
    match spelled(label, |_| false) {
        name if name == "__name__" => "exported_name".into(),
        name if name == "le" && kind == MetricKind::Histogram => "exported_le".into(),
        name => name,
    }
}

/// Letters, digits, `_` and those that are allowed beside them, and no digit at first; `_` for none.
fn spelled(name: &str, is_more: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_right = |place: usize, letter: char| {
        letter.is_ascii_alphabetic()
            || letter == '_'
            || is_more(letter)
            || (place > 0 && letter.is_ascii_digit())
    };
    if name.is_empty() {
        return Cow::Borrowed("_");
    }
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
        assert_eq!(page_name(""), "_");
        let counted = |label| page_label(label, MetricKind::Counter);
        assert_eq!(counted("http.route:x"), "http_route_x");
        assert_eq!(counted(""), "_");
        assert_eq!(counted("__name__"), "exported_name");
        assert_eq!(counted("le"), "le");
        assert_eq!(page_label("le", MetricKind::Histogram), "exported_le");
    }
}
