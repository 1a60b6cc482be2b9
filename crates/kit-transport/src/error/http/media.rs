//! The media type that a client wants its errors in, by its `Accept`.

use http::HeaderMap;
use http::header::ACCEPT;

/// A form of a body that Kit can write; one byte, because each request has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Media {
    #[default]
    Json,
    ProtoJson,
    // Three names of one thing; a client gets back the one that it knows.
    Proto,
    Protobuf,
    XProtobuf,
}

impl Media {
    /// All of them.
    pub(crate) const ALL: [Media; 5] = [
        Media::Json,
        Media::ProtoJson,
        Media::Proto,
        Media::Protobuf,
        Media::XProtobuf,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Media::Json => "application/json",
            Media::ProtoJson => "application/protojson",
            Media::Proto => "application/proto",
            Media::Protobuf => "application/protobuf",
            Media::XProtobuf => "application/x-protobuf",
        }
    }

    pub(crate) fn is_protobuf(&self) -> bool {
        matches!(self, Media::Proto | Media::Protobuf | Media::XProtobuf)
    }

    /// The one with this name, whatever its parameters.
    pub(crate) fn named(name: &str) -> Option<Media> {
        let name = name.split(';').next().unwrap_or(name).trim();
        let mut all = Media::ALL.into_iter();
        all.find(|media| media.name().eq_ignore_ascii_case(name))
    }

    /// What a request with these headers asks for. JSON unless protobuf is named: an error in a form
    /// that was not asked for is of more use than none.
    ///
    /// Nearly all requests take the short way: the lookup of one header, and a search in a short text.
    pub(crate) fn asked_for(headers: &HeaderMap) -> Media {
        let mut lines = headers.get_all(ACCEPT).iter();
        let named = |line: &[u8]| line.windows(5).any(|at| at.eq_ignore_ascii_case(b"proto"));
        if lines.any(|line| named(line.as_bytes())) {
            preferred(headers)
        } else {
            Media::Json
        }
    }
}

/// The best of all that the lines name: by weight, then what is named before a wildcard, then the first.
#[cold]
fn preferred(headers: &HeaderMap) -> Media {
    let mut best = (0.0, false, Media::Json);
    for line in headers.get_all(ACCEPT) {
        for range in split(line.to_str().unwrap_or_default(), ',') {
            let Some((weight, exact, media)) = of_range(range) else {
                continue;
            };
            if weight > best.0 || (weight == best.0 && weight > 0.0 && exact && !best.1) {
                best = (weight, exact, media);
            }
        }
    }
    best.2
}

/// One media range: its weight, whether it names a type, and what Kit has for it.
fn of_range(range: &str) -> Option<(f32, bool, Media)> {
    let mut parts = split(range, ';').map(str::trim);
    let name = parts.next()?;
    let media = match Media::named(name) {
        Some(media) => (true, media),
        None if name == "*/*" || name.eq_ignore_ascii_case("application/*") => (false, Media::Json),
        None if name.eq_ignore_ascii_case("application/problem+json") => (true, Media::Json),
        None => return None,
    };
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    // A weight that cannot be read says nothing in favour.
    let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
    let valid = (0.0..=1.0).contains(&weight);
    valid.then_some((weight, media.0, media.1))
}

/// The parts of a text between separators that do not stand in quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |char| {
        let ends = char == separator && !quoted;
        if char == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && char == '\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[&str]) -> Media {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT, line.parse().expect("a value"));
        }
        Media::asked_for(&headers)
    }

    #[test]
    fn json_unless_protobuf_is_named() {
        for line in [
            "",
            "*/*",
            "application/json",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/proto",
            "application/protocol",
            "application/proto;q=0",
            "application/proto;q=2",
            "application/proto;q=nan",
            "application/proto;q=often",
            "application/protobuf;q=0.4, application/json;q=0.5",
            "application/json, application/proto",
            "text/plain;title=\"a, application/proto\"",
            "text/plain;title=\"\\\", application/proto, \"",
        ] {
            assert_eq!(asked(&[line]), Media::Json, "{line}");
        }
        assert_eq!(asked(&[]), Media::Json);
    }

    #[test]
    fn the_best_weight_wins_then_a_name_before_a_wildcard_then_the_first() {
        for (line, expected) in [
            ("application/proto", Media::Proto),
            ("application/protobuf", Media::Protobuf),
            ("APPLICATION/X-ProtoBuf ; charset=x", Media::XProtobuf),
            ("application/protojson", Media::ProtoJson),
            ("*/*, application/proto", Media::Proto),
            ("application/*;q=1, application/proto;q=1.0", Media::Proto),
            (
                "application/json;q=0.8,application/proto;q=0.9",
                Media::Proto,
            ),
            ("application/proto ; Q = 0.5 , text/html", Media::Proto),
            ("application/protojson,application/proto", Media::ProtoJson),
            (
                "text/plain;title=\"a;q=0\",application/proto;v=\"1,2\";q=0.1",
                Media::Proto,
            ),
        ] {
            assert_eq!(asked(&[line]), expected, "{line}");
        }
        let lines = ["application/json;q=0.2", "application/proto;q=0.3"];
        assert_eq!(asked(&lines), Media::Proto);
    }
}
