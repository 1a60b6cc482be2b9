//! The table at the end.

use super::stats::ratio;

/// What a row must not cross.
#[derive(Clone, Copy)]
pub(super) enum Bar {
    /// The ratio.
    AtMost(f64),
    /// The ratio.
    AtLeast(f64),
    /// The ratio, which is aimed at; missing it is no fault.
    Aim(f64),
    /// What ours has on top of the peer's, in the row's own unit.
    MoreByAtMost(f64),
    /// Ours alone, in the row's own unit. A restless machine adds to it, so it is met there as well or void.
    OursAtMost(f64),
}

/// Ours against the peer.
pub(super) struct Row {
    pub(super) name: String,
    /// Or why there are none.
    pub(super) figures: Result<Figures, String>,
    pub(super) bar: Option<Bar>,
}

pub(super) struct Figures {
    pub(super) peer: f64,
    pub(super) ours: f64,
    pub(super) ratio: f64,
    /// Of the ratios of single pairs.
    pub(super) spread: Option<(f64, f64)>,
    /// The peer against itself.
    pub(super) control: f64,
}

impl Figures {
    /// Of counts, which need no rounds.
    pub(super) fn counted(peer: f64, ours: f64, again: f64) -> Self {
        Self::of(peer, ours, ratio(again, peer))
    }

    /// The same with a control that was measured elsewhere.
    pub(super) fn of(peer: f64, ours: f64, control: f64) -> Self {
        Self {
            peer,
            ours,
            ratio: ratio(ours, peer),
            spread: None,
            control,
        }
    }

    /// What ours has on top of the peer's.
    fn more(&self) -> f64 {
        self.ours - self.peer
    }
}

impl Row {
    fn verdict(&self) -> String {
        let figures = match &self.figures {
            Ok(figures) => figures,
            Err(why) => return format!("NOT MEASURED: {why}"),
        };
        let is_void = !(0.95..=1.05).contains(&figures.control);
        // The bars have two decimals, those on differences one; what lies behind them is noise.
        let ratio = (figures.ratio * 100.0).round() / 100.0;
        let more = (figures.more() * 10.0).round() / 10.0;
        let ours = (figures.ours * 10.0).round() / 10.0;
        if is_void && !matches!(self.bar, Some(Bar::OursAtMost(most)) if ours <= most) {
            return "VOID: the control differs".to_owned();
        }
        let Some(bar) = self.bar else {
            return "reported only".to_owned();
        };
        let met = match bar {
            Bar::AtMost(most) => ratio <= most,
            Bar::AtLeast(least) | Bar::Aim(least) => ratio >= least,
            Bar::MoreByAtMost(most) => more <= most,
            Bar::OursAtMost(most) => ours <= most,
        };
        match (bar, met) {
            (Bar::Aim(_), true) => "reached",
            (Bar::Aim(_), false) => "not reached",
            (_, true) => "met",
            (_, false) => "MISSED",
        }
        .to_owned()
    }

    /// Name, peer, ours, ratio, spread, control, bar, verdict.
    fn cells(&self) -> [String; 8] {
        let bar = match self.bar {
            None => String::new(),
            Some(Bar::AtMost(most)) => format!("<= {most:.2}"),
            Some(Bar::AtLeast(least)) => format!(">= {least:.2}"),
            Some(Bar::Aim(least)) => format!("aim {least:.2}"),
            Some(Bar::MoreByAtMost(most)) => format!("<= +{most}"),
            Some(Bar::OursAtMost(most)) => format!("Kit <= {most}"),
        };
        let mut cells: [String; 8] = Default::default();
        cells[0].clone_from(&self.name);
        cells[6] = bar;
        cells[7] = self.verdict();
        if let Ok(figures) = &self.figures {
            cells[1] = figure(figures.peer);
            cells[2] = figure(figures.ours);
            cells[3] = match self.bar {
                Some(Bar::MoreByAtMost(_)) => format!("{:+.1}", figures.more()),
                // Of none and none there is no ratio.
                _ if figures.ratio.is_nan() => String::new(),
                _ => format!("{:.3}", figures.ratio),
            };
            cells[4] = figures.spread.map_or_else(String::new, |(least, most)| {
                format!("{least:.3}..{most:.3}")
            });
            cells[5] = format!("{:.3}", figures.control);
        }
        cells
    }
}

pub(super) fn print(rows: &[Row]) {
    let heads = [
        "", "peer", "ours", "ratio", "spread", "A/A", "bar", "verdict",
    ]
    .map(str::to_owned);
    let lines: Vec<_> = std::iter::once(heads)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let name = lines.iter().map(|cells| cells[0].len()).max().unwrap_or(0);
    for [what, peer, ours, ratio, spread, control, bar, verdict] in lines {
        println!(
            "{what:<name$}{peer:>12}{ours:>12}{ratio:>8}  {spread:<14}{control:>6}  {bar:<9}{verdict}"
        );
    }
}

/// # Errors
///
/// A bar that is missed, or could not be judged because its row is void or was not measured: the end of a benchmark
/// that has judged nothing must not look like one that is content.
pub(super) fn judge(rows: &[Row]) -> Result<(), String> {
    let is_judged = |row: &&Row| !matches!(row.bar, None | Some(Bar::Aim(_)));
    let bars: Vec<_> = rows.iter().filter(is_judged).collect();
    let not_met: Vec<_> = bars
        .iter()
        .map(|row| (&row.name, row.verdict()))
        .filter(|(_, verdict)| verdict != "met")
        .map(|(name, verdict)| format!("{name}: {verdict}"))
        .collect();
    if not_met.is_empty() {
        return Ok(());
    }
    let (count, all) = (not_met.len(), bars.len());
    let lines = not_met.join("\n  ");
    Err(format!("{count} of {all} bars are not met:\n  {lines}"))
}

/// The rows as `docs/src/benchmarks.md` has them.
pub(super) fn print_markdown(rows: &[Row]) {
    println!("| figure | peer | Kit | ratio | spread | A/A | bar |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        println!("{}", markdown(row));
    }
}

fn markdown(row: &Row) -> String {
    let [name, peer, ours, ratio, spread, control, bar, verdict] = row.cells();
    let bar = bar.replace("<=", "≤").replace(">=", "≥");
    let judged = match (&row.figures, row.bar) {
        (Ok(_), None) if verdict == "reported only" => String::new(),
        (_, None) => verdict.to_lowercase(),
        _ => format!("{bar}, {}", verdict.to_lowercase()),
    };
    let spread = spread.replace("..", " to ");
    let name = name.replace(", us", ", µs");
    let (peer, ours) = (grouped(&peer), grouped(&ours));
    format!("| {name} | {peer} | {ours} | {ratio} | {spread} | {control} | {judged} |")
}

fn figure(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// A space before each three digits of a whole number: `16 547`.
fn grouped(number: &str) -> String {
    if number.contains('.') || number.len() < 4 {
        return number.to_owned();
    }
    let (head, tail) = number.split_at(number.len() - 3);
    format!("{} {tail}", grouped(head))
}

#[cfg(test)]
mod tests {
    use super::{Bar, Figures, Row, judge, markdown};

    fn row(ratio: f64, control: f64, bar: Bar) -> Row {
        let figures = Figures {
            peer: 2000.0,
            ours: 2000.0 * ratio,
            ratio,
            spread: None,
            control,
        };
        Row {
            name: "work".to_owned(),
            figures: Ok(figures),
            bar: Some(bar),
        }
    }

    #[test]
    fn a_figure_whose_control_is_off_is_void_however_good_it_looks() {
        let verdict = row(1.20, 1.06, Bar::AtLeast(0.95)).verdict();
        assert_eq!(verdict, "VOID: the control differs");
        let mut reported = row(1.20, 1.06, Bar::AtLeast(0.95));
        reported.bar = None;
        assert_eq!(reported.verdict(), "VOID: the control differs");
    }

    #[test]
    fn an_aim_is_reached_or_not_and_never_missed() {
        assert_eq!(row(1.00, 1.0, Bar::Aim(1.0)).verdict(), "reached");
        assert_eq!(row(0.91, 1.0, Bar::Aim(1.0)).verdict(), "not reached");
    }

    #[test]
    fn a_bar_is_met_up_to_its_second_decimal() {
        assert_eq!(row(1.004, 1.0, Bar::AtMost(1.00)).verdict(), "met");
        assert_eq!(row(1.006, 1.0, Bar::AtMost(1.00)).verdict(), "MISSED");
        assert_eq!(row(0.944, 1.0, Bar::AtLeast(0.95)).verdict(), "MISSED");
    }

    #[test]
    fn a_bar_on_what_is_added_does_not_look_at_the_ratio() {
        assert_eq!(row(1.10, 1.0, Bar::MoreByAtMost(256.0)).verdict(), "met");
        let row = row(1.10, 1.0, Bar::MoreByAtMost(48.0));
        assert_eq!(row.verdict(), "MISSED");
        assert_eq!(row.cells()[3], "+200.0");
    }

    #[test]
    fn what_was_not_measured_says_so_in_the_place_of_its_verdict() {
        let mut row = row(1.0, 1.0, Bar::AtMost(0.5));
        row.figures = Err("no go".to_owned());
        assert_eq!(row.verdict(), "NOT MEASURED: no go");
        let line = "| work |  |  |  |  |  | ≤ 0.50, not measured: no go |";
        assert_eq!(markdown(&row), line);
    }

    #[test]
    fn a_bar_on_ours_alone_looks_at_no_peer() {
        let verdict = |most| row(1.10, 1.0, Bar::OursAtMost(most)).verdict();
        assert_eq!(verdict(2200.0), "met");
        assert_eq!(verdict(2199.0), "MISSED");

        let restless = |most| row(1.10, 1.2, Bar::OursAtMost(most)).verdict();
        assert_eq!(restless(2200.0), "met");
        assert_eq!(restless(2199.0), "VOID: the control differs");
    }

    #[test]
    fn a_bar_that_is_missed_void_or_not_measured_fails_and_an_aim_does_not() {
        let met = || row(1.0, 1.0, Bar::AtMost(1.0));
        assert_eq!(judge(&[met(), row(0.5, 1.0, Bar::Aim(1.0))]), Ok(()));
        let mut without_bar = row(9.0, 2.0, Bar::AtMost(1.0));
        without_bar.bar = None;
        assert_eq!(judge(&[met(), without_bar]), Ok(()));

        let mut missing = met();
        missing.figures = Err("no go".to_owned());
        let rows = [
            met(),
            row(1.2, 1.0, Bar::AtMost(1.0)),
            row(1.0, 1.2, Bar::AtMost(1.0)),
            missing,
        ];
        let error = judge(&rows).expect_err("three are not met");
        assert!(error.starts_with("3 of 4 bars"), "{error}");
        for verdict in ["MISSED", "VOID", "NOT MEASURED: no go"] {
            assert!(error.contains(verdict), "{error}");
        }
    }

    #[test]
    fn markdown_is_written_as_in_the_book() {
        let line = "| work | 2 000 | 2 200 | 1.100 |  | 1.000 | ≤ 1.05, missed |";
        assert_eq!(markdown(&row(1.10, 1.0, Bar::AtMost(1.05))), line);
    }
}
