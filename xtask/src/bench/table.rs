//! The table at the end.

/// What a ratio must not cross.
#[derive(Clone, Copy)]
pub(super) enum Bar {
    AtMost(f64),
    AtLeast(f64),
}

/// One figure of Kit and its peer.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) peer: f64,
    pub(super) ours: f64,
    pub(super) ratio: f64,
    /// Of the ratios of single pairs.
    pub(super) spread: Option<(f64, f64)>,
    /// The peer against itself.
    pub(super) control: f64,
    pub(super) bar: Option<Bar>,
}

impl Row {
    fn verdict(&self) -> &'static str {
        let Some(bar) = self.bar else {
            return "reported only";
        };
        if !(0.95..=1.05).contains(&self.control) {
            return "void: the control differs";
        }
        // The bars have two decimals; what lies behind them is noise.
        let ratio = (self.ratio * 100.0).round() / 100.0;
        let met = match bar {
            Bar::AtMost(most) => ratio <= most,
            Bar::AtLeast(least) => ratio >= least,
        };
        if met { "met" } else { "MISSED" }
    }
}

pub(super) fn print(rows: &[Row]) {
    println!(
        "{:<28}{:>12}{:>12}{:>8}  {:<14}{:>6}  {:<9}verdict",
        "", "peer", "ours", "ratio", "spread", "A/A", "bar",
    );
    for row in rows {
        let spread = row.spread.map_or_else(
            || "-".to_owned(),
            |(least, most)| format!("{least:.3}..{most:.3}"),
        );
        let bar = match row.bar {
            None => "-".to_owned(),
            Some(Bar::AtMost(most)) => format!("<= {most:.2}"),
            Some(Bar::AtLeast(least)) => format!(">= {least:.2}"),
        };
        println!(
            "{:<28}{:>12}{:>12}{:>8.3}  {:<14}{:>6.3}  {:<9}{}",
            row.name,
            figure(row.peer),
            figure(row.ours),
            row.ratio,
            spread,
            row.control,
            bar,
            row.verdict(),
        );
    }
}

fn figure(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Row};

    fn row(ratio: f64, control: f64, bar: Bar) -> Row {
        Row {
            name: "",
            peer: 1.0,
            ours: ratio,
            ratio,
            spread: None,
            control,
            bar: Some(bar),
        }
    }

    #[test]
    fn a_figure_whose_control_is_off_is_void_however_good_it_looks() {
        let verdict = row(1.20, 1.06, Bar::AtLeast(0.95)).verdict();
        assert_eq!(verdict, "void: the control differs");
    }

    #[test]
    fn a_bar_is_met_up_to_its_second_decimal() {
        assert_eq!(row(1.004, 1.0, Bar::AtMost(1.00)).verdict(), "met");
        assert_eq!(row(1.006, 1.0, Bar::AtMost(1.00)).verdict(), "MISSED");
        assert_eq!(row(0.944, 1.0, Bar::AtLeast(0.95)).verdict(), "MISSED");
    }
}
