//! The known name that is most like a wrong one.

/// The known name that is most like this one; `None` if none is like it. Case counts little, and `-`
/// and `_` are the same.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = plain(name);
    let mut best: Option<(usize, &'k str)> = None;
    for candidate in known {
        let other = plain(candidate);
        let limit = limit(name.len().max(other.len()));
        let most = match best {
            Some((0, _)) => break,
            Some((least, _)) => limit.min(least - 1),
            None => limit,
        };
        if let Some(distance) = distance(&name, &other, most) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How far names of this length may be apart: one letter of a short name, two of a longer one; a third of it from
/// nine letters on.
fn limit(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => length / 3,
    }
}

/// Whether both are the same but for case, `-` and `_`.
pub(crate) fn is_same_name(this: &str, that: &str) -> bool {
    plain(this) == plain(that)
}

fn plain(name: &str) -> Vec<char> {
    let lower = name.chars().flat_map(char::to_lowercase);
    lower.map(|c| if c == '-' { '_' } else { c }).collect()
}

/// How many letters are changed, put in, taken out, or change places with their neighbour; `None` if these are more than
/// `most`.
///
/// The row of the table of distances for each prefix of `a` is made from the two rows before it; only
/// three rows are kept. No later distance is less than the least of a row, nor than one more than the least of the row
/// before it, from which two letters that change places come.
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    if most == 0 {
        return (a == b).then_some(0);
    }
    let mut older: Vec<usize> = vec![0; b.len() + 1];
    let mut old: Vec<usize> = (0..=b.len()).collect();
    let mut row = older.clone();
    let mut least_of_old = 0;
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (old[j - 1] + change).min(old[j] + 1).min(row[j - 1] + 1);
            let is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if is_swap {
                least = least.min(older[j - 2] + 1);
            }
            row[j] = least;
        }
        let least = row.iter().copied().min().unwrap_or_default();
        if least.min(least_of_old + 1) > most {
            return None;
        }
        least_of_old = least;
        std::mem::swap(&mut older, &mut old);
        std::mem::swap(&mut old, &mut row);
    }
    Some(old[b.len()]).filter(|&distance| distance <= most)
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

    #[test]
    fn a_distance_is_given_up_at_the_limit_and_not_before() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abcd", "badc", 2),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("abcdef", "fedcba", 5),
        ] {
            let (a, b) = (plain(a), plain(b));
            for most in 0..9 {
                let within = Some(expected).filter(|&expected| expected <= most);
                assert_eq!(distance(&a, &b, most), within, "{a:?} {b:?} {most}");
                assert_eq!(distance(&b, &a, most), within, "{b:?} {a:?} {most}");
            }
        }
    }

    #[test]
    fn of_names_that_are_equally_like_it_the_first_is_found() {
        assert_eq!(nearest("port", ["pork", "part", "pert"]), Some("pork"));
        assert_eq!(nearest("port", ["pork", "port", "pert"]), Some("port"));
    }
}
