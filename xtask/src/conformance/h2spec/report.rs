//! The report that h2spec writes, in the form of JUnit.

use crate::Result;

/// One case of h2spec.
pub(super) struct Case {
    /// Its section and its title: `http2/3.5: Sends invalid connection preface`.
    pub(super) name: String,
    pub(super) outcome: Outcome,
    /// The expectation, and the last thing seen.
    pub(super) details: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// Go's encoder writes an element in one way only, so that a search for tags is enough.
pub(super) fn cases(report: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for element in report.split("<testcase ").skip(1) {
        let (case, _) = element
            .split_once("</testcase>")
            .ok_or("h2spec's report breaks off")?;
        let (attributes, inner) = case
            .split_once('>')
            .ok_or("h2spec's report has a case without an end")?;
        let section = attribute(attributes, "package")?;
        let title = attribute(attributes, "classname")?;
        let inner = inner.trim();
        let outcome = if inner.is_empty() {
            Outcome::Passed
        } else if inner.starts_with("<skipped>") {
            Outcome::Skipped
        } else {
            Outcome::Failed
        };
        cases.push(Case {
            name: format!("{section}: {title}"),
            outcome,
            details: without_tags(inner),
        });
    }
    Ok(cases)
}

fn attribute(attributes: &str, name: &str) -> Result<String> {
    let value = attributes
        .split_once(&format!("{name}=\""))
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(value, _)| unescaped(value));
    value.ok_or_else(|| format!("h2spec's report has a case without `{name}`: {attributes}").into())
}

fn without_tags(inner: &str) -> String {
    let mut text = inner.to_owned();
    for kind in ["error", "failure", "skipped"] {
        text = text
            .replace(&format!("<{kind}>"), "")
            .replace(&format!("</{kind}>"), "");
    }
    unescaped(&text.lines().collect::<Vec<_>>().join(" | "))
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&#34;", "\"").replace("&#39;", "'");
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::{Outcome, cases};

    #[test]
    fn each_outcome_is_read_with_its_section_and_title() {
        let report = r#"<testsuites>
  <testsuite name="a" package="http2/8" id="8" tests="3" skipped="1" failures="0" errors="1">
    <testcase package="http2/8" classname="Sends &#34;:path&#34;" time="0.0002"></testcase>
    <testcase package="http2/8" classname="Sends two" time="2.0012">
      <error>RST_STREAM
HEADERS &lt;2&gt;</error>
    </testcase>
    <testcase package="http2/9" classname="Sends none" time="0.0007">
      <skipped></skipped>
    </testcase>
  </testsuite>
</testsuites>"#;
        let seen: Vec<_> = cases(report)
            .expect("a report")
            .into_iter()
            .map(|case| (case.name, case.outcome, case.details))
            .collect();
        let expected = [
            ("http2/8: Sends \":path\"", Outcome::Passed, ""),
            (
                "http2/8: Sends two",
                Outcome::Failed,
                "RST_STREAM | HEADERS <2>",
            ),
            ("http2/9: Sends none", Outcome::Skipped, ""),
        ]
        .map(|(name, outcome, details)| (name.to_owned(), outcome, details.to_owned()));
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_report_that_breaks_off_is_an_error() {
        let report = r#"<testcase package="http2/8" classname="a" time="0"#;
        assert!(cases(report).is_err());
    }
}
