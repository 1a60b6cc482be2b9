//! `tracestate`: what the tracing systems of a trace hand on beside it.

use ::http::{HeaderMap, HeaderName, HeaderValue};

/// The name of the header.
pub(super) const NAME: HeaderName = HeaderName::from_static("tracestate");

/// The most members of a list.
const MOST_MEMBERS: usize = 32;
/// The bytes that are handed on at least, and here at most.
const MOST_BYTES: usize = 512;
/// A member that has more bytes is left out first.
const LARGE: usize = 128;

/// The list of these headers, or `None` if there is none, or one that breaks the rules: it is left out
/// as a whole then.
///
/// A list in several headers becomes one. A list of more than 512 bytes is shortened as the
/// specification has it: first by the members of more than 128 bytes, then from the end.
pub(super) fn parse(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut members: Vec<&str> = Vec::new();
    for value in headers.get_all(&NAME) {
        let text = value.to_str().ok()?;
        for member in text
            .split(',')
            .map(|member| member.trim_matches([' ', '\t']))
        {
            if member.is_empty() {
                continue;
            }
            let key = key_of(member)?;
            let is_twice = members.iter().any(|other| key_of(other) == Some(key));
            if is_twice || members.len() == MOST_MEMBERS {
                return None;
            }
            members.push(member);
        }
    }
    shorten(&mut members);
    if members.is_empty() {
        return None;
    }
    HeaderValue::from_str(&members.join(",")).ok()
}

fn shorten(members: &mut Vec<&str>) {
    let length = |members: &[&str]| members.iter().map(|member| member.len() + 1).sum::<usize>();
    // The last one has no comma.
    while length(members) > MOST_BYTES + 1 {
        match members.iter().rposition(|member| member.len() > LARGE) {
            Some(large) => members.remove(large),
            None => members.remove(members.len() - 1),
        };
    }
}

/// The key of a well-formed member, `key=value`.
fn key_of(member: &str) -> Option<&str> {
    let (key, value) = member.split_once('=')?;
    (is_key(key) && is_value(value)).then_some(key)
}

/// `vendor`, or `tenant@vendor`.
fn is_key(key: &str) -> bool {
    let is_first = |first: u8| first.is_ascii_lowercase() || first.is_ascii_digit();
    let is_rest = |byte: &u8| is_first(*byte) || b"_-*/".contains(byte);
    let is_name = |name: &str, most: usize| match name.as_bytes() {
        [first, rest @ ..] => is_first(*first) && rest.len() < most && rest.iter().all(is_rest),
        [] => false,
    };
    match key.split_once('@') {
        Some((tenant, vendor)) => is_name(tenant, 241) && is_name(vendor, 14),
        None => is_name(key, 256),
    }
}

fn is_value(value: &str) -> bool {
    let is_allowed = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b',' && byte != b'=';
    (1..=256).contains(&value.len()) && value.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(NAME, HeaderValue::from_str(line).expect("a value"));
        }
        parse(&headers).map(|value| value.to_str().expect("a text").to_owned())
    }

    #[test]
    fn a_list_that_keeps_the_rules_is_handed_on() {
        let longest_key = format!("{}=1", "k".repeat(256));
        let longest_tenant = format!("{}@{}=1", "t".repeat(241), "s".repeat(14));
        let longest_value = format!("k={}", "v".repeat(256));
        for (lines, expected) in [
            (&["a=1"][..], "a=1"),
            (&["a=1,b=2"], "a=1,b=2"),
            (&["a=1 ,\t b=2"], "a=1,b=2"),
            (&["a=1", "b=2"], "a=1,b=2"),
            (&["a=1,,b=2,"], "a=1,b=2"),
            (&["1@x=!\"#;:<>~"], "1@x=!\"#;:<>~"),
            (&["0a_-*/=a b"], "0a_-*/=a b"),
            (&[&longest_key], &longest_key),
            (&[&longest_tenant], &longest_tenant),
            (&[&longest_value], &longest_value),
        ] {
            assert_eq!(parsed(lines).as_deref(), Some(expected), "{lines:?}");
        }
    }

    #[test]
    fn a_list_that_breaks_a_rule_is_left_out() {
        let long_key = format!("{}=1", "k".repeat(257));
        let long_tenant = format!("{}@v=1", "t".repeat(242));
        let long_vendor = format!("t@{}=1", "v".repeat(15));
        let long_value = format!("k={}", "v".repeat(257));
        for line in [
            "",
            ",",
            "a",
            "a=",
            "=1",
            "A=1",
            "a=1,B=2",
            "a=1,a=2",
            "a b=1",
            "a=b=c",
            "_a=1",
            "@v=1",
            "t@=1",
            "t@v@w=1",
            "t@V=1",
            "a=\u{e4}",
            &long_key,
            &long_tenant,
            &long_vendor,
            &long_value,
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                NAME,
                HeaderValue::from_bytes(line.as_bytes()).expect("a value"),
            );
            assert_eq!(parse(&headers), None, "{line}");
        }
        assert_eq!(parsed(&["a=1", "a=2"]), None);
    }

    #[test]
    fn a_list_has_at_most_32_members() {
        let list = |count: usize| {
            let members: Vec<_> = (0..count).map(|n| format!("k{n}=v")).collect();
            members.join(",")
        };
        assert_eq!(parsed(&[&list(32)]), Some(list(32)));
        assert_eq!(parsed(&[&list(33)]), None);
    }

    #[test]
    fn a_list_has_at_most_512_bytes_without_its_large_members() {
        let fits = format!("a={},b={}", "x".repeat(254), "y".repeat(253));
        assert_eq!(fits.len(), 512);
        assert_eq!(parsed(&[&fits]).as_deref(), Some(&*fits));
        let large = format!("a={},b=1,c={},d=2", "x".repeat(254), "y".repeat(254));
        let expected = format!("a={},b=1,d=2", "x".repeat(254));
        assert_eq!(parsed(&[&large]), Some(expected));
        let small: Vec<_> = (0..6).map(|n| format!("k{n}={}", "x".repeat(97))).collect();
        assert_eq!(parsed(&[&small.join(",")]), Some(small[..5].join(",")));
    }
}
