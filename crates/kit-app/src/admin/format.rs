//! In which form an answer is wanted.

use http::header::ACCEPT;
use http::request::Parts;

/// In which form an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) format: Format,
    /// All facts instead of the reasons alone.
    pub(super) is_verbose: bool,
}

impl Wanted {
    /// `?format=` wins over `Accept`, which wins over text. Parameters that are not known are ignored,
    /// as probes of other makes send some.
    ///
    /// # Errors
    /// A value that is not known, and the values that are.
    pub(super) fn of(head: &Parts) -> Result<Wanted, String> {
        let accepts = head.headers.get_all(ACCEPT).iter();
        let mut accepts = accepts.filter_map(|accept| accept.to_str().ok());
        let mut wanted = Wanted {
            format: if accepts.any(|accept| accept.contains("application/json")) {
                Format::Json
            } else {
                Format::Text
            },
            is_verbose: false,
        };
        for parameter in head.uri.query().unwrap_or_default().split('&') {
            match parameter.split_once('=').unwrap_or((parameter, "")) {
                ("format", "json") => wanted.format = Format::Json,
                ("format", "text") => wanted.format = Format::Text,
                ("format", other) => {
                    return Err(format!(
                        "format `{other}` is not known: write `json` or `text`"
                    ));
                }
                ("verbose", "" | "1" | "true") => wanted.is_verbose = true,
                ("verbose", "0" | "false") => wanted.is_verbose = false,
                ("verbose", other) => {
                    return Err(format!(
                        "verbose `{other}` is not known: write `true` or `false`"
                    ));
                }
                _ => {}
            }
        }
        Ok(wanted)
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn wanted(uri: &str, accept: &str) -> Result<(Format, bool), String> {
        let request = Request::get(uri).header(ACCEPT, accept);
        let head = request.body(()).unwrap().into_parts().0;
        Wanted::of(&head).map(|wanted| (wanted.format, wanted.is_verbose))
    }

    #[test]
    fn the_query_wins_over_the_header() {
        use Format::{Json, Text};

        for (uri, accept, expected) in [
            ("/", "*/*", (Text, false)),
            ("/", "text/html,application/json;q=0.9", (Json, false)),
            ("/?format=text", "application/json", (Text, false)),
            ("/?verbose&format=json&x=1", "*/*", (Json, true)),
            ("/?verbose=false", "*/*", (Text, false)),
        ] {
            assert_eq!(wanted(uri, accept), Ok(expected), "{uri}");
        }
        let error = wanted("/?format=xml", "*/*").unwrap_err();
        assert_eq!(error, "format `xml` is not known: write `json` or `text`");
        assert!(wanted("/?verbose=2", "*/*").is_err());
    }
}
