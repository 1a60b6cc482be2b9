//! Rules that are written with `garde`.

use garde::Report;

use super::Violations;

impl From<Report> for Violations {
    fn from(report: Report) -> Violations {
        report
            .into_inner()
            .into_iter()
            .fold(Violations::new(), |all, (path, error)| {
                all.with(path.to_string(), error.message().to_owned())
            })
    }
}
