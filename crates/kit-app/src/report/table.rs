//! A small table of text.

use std::fmt;

/// Rows of which each column is as wide as its widest cell; the first row is the head.
pub(super) struct Table<const COLUMNS: usize>(Vec<[String; COLUMNS]>);

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn new(head: [&str; COLUMNS]) -> Table<COLUMNS> {
        Table(vec![head.map(str::to_owned)])
    }

    pub(super) fn add(&mut self, row: [String; COLUMNS]) {
        self.0.push(row);
    }

    /// Whether there is no row but the head.
    pub(super) fn is_empty(&self) -> bool {
        self.0.len() <= 1
    }
}

/// Each row after a line break and two spaces, without spaces at its end.
impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.0.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        for row in &self.0 {
            let cells = row.iter().zip(widths);
            let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
            let line: Vec<String> = cells.collect();
            write!(f, "\n  {}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["name", "took", "end"]);
        assert!(table.is_empty());
        table.add(["http".to_owned(), "1.0µs".to_owned(), String::new()]);
        table.add(["a".to_owned(), "100ms".to_owned(), "cut".to_owned()]);
        let expected = "\n  name  took   end\n  http  1.0µs\n  a     100ms  cut";
        assert_eq!(table.to_string(), expected);
    }
}
