//! The known name that is most like a wrong one.

/// The known name that is most like this one; `None` if none is like it. Case counts little, and `-`
/// and `_` are the same.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = plain(name);
    let mut best: Option<(usize, &'k str)> = None;
    for candidate in known {
        let other = plain(candidate);
        let distance = distance(&name, &other);
        // One letter of a short name, two of a longer one; a third of it from nine letters on.
        let length = name.len().max(other.len());
        let limit = match length {
            0..=2 => 0,
            3..=4 => 1,
            5..=8 => 2,
            _ => length / 3,
        };
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether both are the same but for case, `-` and `_`.
pub(crate) fn is_same_name(this: &str, that: &str) -> bool {
    plain(this) == plain(that)
}

fn plain(name: &str) -> Vec<char> {
    let lower = name.chars().flat_map(char::to_lowercase);
    lower.map(|c| if c == '-' { '_' } else { c }).collect()
}

/// How many letters are changed, put in, taken out, or change places with their neighbour.
///
/// The row of the table of distances for each prefix of `a` is made from the two rows before it; only
/// three rows are kept.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut older: Vec<usize> = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (old[j - 1] + change).min(old[j] + 1).min(row[j - 1] + 1);
            let is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if is_swap {
                least = least.min(older[j - 2] + 1);
            }
            row[j] = least;
        }
        older = std::mem::replace(&mut old, row);
    }
    old[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name() {
        let known = ["http", "grpc", "database", "max_connections", "db"];
        for (name, expected) in [
            ("htpp", Some("http")),
            ("HTTP", Some("http")),
            ("htt", Some("http")),
            ("databse", Some("database")),
            ("max-conections", Some("max_connections")),
            ("maxconnections", Some("max_connections")),
            ("bd", None),
            ("cache", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
