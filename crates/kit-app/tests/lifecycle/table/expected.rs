//! The table as it is written.

use super::point::{Kind, Point};

/// What the table says of one point and one kind.
pub(super) enum Cell {
    /// How the app ends.
    Ends(String),
    /// Why there is no such failure.
    Impossible,
}

/// All cells. Fails when a point, or a kind of one, has no line or several.
pub(super) fn cells() -> Vec<(Point, Kind, Cell)> {
    let table = include_str!("failures.txt");
    let table = table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut rows: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    for line in table {
        if let Some(more) = line.strip_prefix("    ") {
            let (_, cells) = rows.last_mut().expect("a point");
            let (_, cell) = cells.last_mut().expect("a kind");
            cell.push_str("\n    ");
            cell.push_str(more);
        } else if let Some(cell) = line.strip_prefix("  ") {
            let (kind, cell) = cell.split_once(": ").expect("a kind and a colon");
            let (_, cells) = rows.last_mut().expect("a point");
            cells.push((kind, cell.to_owned()));
        } else {
            rows.push((line, Vec::new()));
        }
    }
    let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        Point::ALL.map(|point| point.names()[0]),
        "the points"
    );
    let kinds = Kind::ALL.map(Kind::name);
    let mut all = Vec::new();
    for (point, (name, cells)) in Point::ALL.into_iter().zip(rows) {
        let found: Vec<&str> = cells.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(found, kinds, "the kinds of {name}");
        for (kind, (_, cell)) in Kind::ALL.into_iter().zip(cells) {
            let cell = match cell.strip_prefix("- ") {
                Some(_) => Cell::Impossible,
                None => Cell::Ends(cell),
            };
            all.push((point, kind, cell));
        }
    }
    all
}
