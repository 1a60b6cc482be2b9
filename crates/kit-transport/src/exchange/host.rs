//! The host that a request of HTTP/1 is for.

/// A fault of the `Host` of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadHost {
    Missing,
    Twice,
    Invalid,
}

impl BadHost {
    /// For programs.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            BadHost::Missing => "HOST_MISSING",
            BadHost::Twice => "HOST_TWICE",
            BadHost::Invalid => "HOST_INVALID",
        }
    }

    /// For people; plain text that needs no escapes.
    pub(crate) fn message(self) -> &'static str {
        match self {
            BadHost::Missing => "a request of HTTP/1.1 has a Host header",
            BadHost::Twice => "a request has one Host header, not several",
            BadHost::Invalid => "a Host header is a host name or address, with or without a port",
        }
    }
}

/// RFC 3986: `host [":" port]`. The host is a name, an IPv4 address, or an IPv6 address in
/// brackets; the characters that this lets by in brackets are no harm.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let port = match value.strip_prefix(b"[") {
        Some(inside) => {
            let Some(end) = inside.iter().position(|&byte| byte == b']') else {
                return false;
            };
            let (address, rest) = inside.split_at(end);
            if address.is_empty() || !address.iter().all(|&byte| is_of_name(byte) || byte == b':') {
                return false;
            }
            &rest[1..]
        }
        None => {
            let end = value.iter().position(|&byte| !is_of_name(byte));
            &value[end.unwrap_or(value.len())..]
        }
    };
    match port.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

/// By byte: unreserved, a sub-delimiter, or part of a percent-encoded byte. A table, because the host
/// of every request is looked at.
const OF_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'0';
    while byte <= b'z' {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut others = b"-._~!$&'()*+,;=%".as_slice();
    while let [byte, rest @ ..] = others {
        table[*byte as usize] = true;
        others = rest;
    }
    table
};

fn is_of_name(byte: u8) -> bool {
    OF_NAME[usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_name_are_those_of_the_rfc() {
        for byte in 0..=u8::MAX {
            let others = b"-._~!$&'()*+,;=%";
            let expected = byte.is_ascii_alphanumeric() || others.contains(&byte);
            assert_eq!(is_of_name(byte), expected, "{byte}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for good in [
            "",
            "test",
            "test:80",
            "test:",
            "10.0.0.1:8000",
            "[::1]",
            "[fe80::1%25eth0]:8000",
            "a_b.example",
            "x%20y",
        ] {
            assert!(is_host(good.as_bytes()), "{good:?}");
        }
        for bad in [
            "user@test",
            "test/path",
            "a b",
            "a,b:80:90",
            "test:http",
            "::1",
            "[::1",
            "[]",
            "[::1]x",
            "[::1]]",
            "http://test",
            "t\u{e4}st",
            "test?",
            "test#",
            "\"test\"",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad:?}");
        }
    }
}
