//! The known name that a mistyped one was meant to be.

/// The name that is nearest to `wrong`, if it is near: at most a third of its letters differ.
pub(crate) fn nearest<'k>(wrong: &str, known: &'k [String]) -> Option<&'k str> {
    let wrong = wrong.to_ascii_lowercase().replace('-', "_");
    let steps = known
        .iter()
        .map(|name| (edits(&wrong, name), name.as_str()));
    let (edits, name) = steps.min()?;
    (edits * 3 <= name.len().max(3)).then_some(name)
}

/// The letters to insert, remove or replace; two neighbours that have changed places count as one.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // `table[i][j]` is the number for the first `i` letters of `from` and the first `j` of `to`.
    let mut table = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            table[i][j] = match (i, j) {
                (0, rest) | (rest, 0) => rest,
                _ if from[i - 1] == to[j - 1] => table[i - 1][j - 1],
                _ => {
                    let is_swapped =
                        i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                    let swapped = is_swapped.then(|| table[i - 2][j - 2]);
                    let replaced = table[i - 1][j - 1];
                    let least = replaced.min(table[i - 1][j]).min(table[i][j - 1]);
                    1 + swapped.map_or(least, |swapped| least.min(swapped))
                }
            };
        }
    }
    table[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_name_and_another_word_none() {
        let known = ["ca", "cert", "key", "server_name", "ttl"].map(str::to_owned);
        for (wrong, name) in [
            ("tll", Some("ttl")),
            ("TTL", Some("ttl")),
            ("server-name", Some("server_name")),
            ("servername", Some("server_name")),
            ("certs", Some("cert")),
            ("crt", Some("cert")),
            ("lease", None),
            ("password", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, &known), name, "{wrong}");
        }
        assert_eq!(nearest("x", &[]), None);
    }
}
