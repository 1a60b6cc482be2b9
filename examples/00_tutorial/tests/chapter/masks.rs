//! Lines of the chapter beside lines of a real run.
//!
//! Times, durations, ids and ports differ each time; both sides have the same word in their place. All other
//! characters have to be equal. `…` at the end of a shown line stands for the rest of it, and as a whole line for
//! any number of lines. Servers start and stop side by side, so their lines come in either order.

/// In a container this line warns that the platform may kill it earlier; the reader of the chapter has none.
const LONGEST_STOP: [&str; 2] = [
    "WARN kit_app::log: a stop takes at most",
    "INFO kit_app::log: a stop takes at most",
];

/// A line with words in place of what differs each time.
pub(crate) fn mask(line: &str) -> String {
    let [in_a_container, elsewhere] = LONGEST_STOP;
    let line = line.replace(in_a_container, elsewhere);
    if line.to_ascii_lowercase().starts_with("date: ") {
        return "date: <date>".to_owned();
    }
    let mut masked = String::new();
    let mut word = String::new();
    for letter in line.chars().chain(['\n']) {
        if letter.is_alphanumeric() || matches!(letter, '.' | ':' | '-') {
            word.push(letter);
            continue;
        }
        masked += &masked_word(&word);
        word.clear();
        masked.push(letter);
    }
    masked.pop();
    masked
}

fn masked_word(word: &str) -> String {
    let is_hex = |text: &str| text.chars().all(|letter| letter.is_ascii_hexdigit());
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    // A file has its ending behind the id.
    let (name, ending) = word.split_at(word.find('.').unwrap_or(word.len()));
    let lengths: Vec<_> = name.split('-').map(str::len).collect();
    let is_uuid = lengths == [8, 4, 4, 4, 12] && is_hex(&name.replace('-', ""));
    let is_time = word.len() > 20 && word.ends_with('Z') && is_number(&word[..4]);
    let is_short = ["ns", "µs", "ms"]
        .iter()
        .any(|unit| word.strip_suffix(unit).is_some_and(is_number));
    // Whole seconds are settings.
    let seconds = word.strip_suffix('s').filter(|number| number.contains('.'));
    let is_trace = matches!(word.len(), 16 | 32) && is_hex(word);
    match () {
        () if is_uuid => format!("<id>{ending}"),
        () if is_time => "<time>".to_owned(),
        () if is_short || seconds.is_some_and(is_number) => "<duration>".to_owned(),
        () if is_trace => "<trace>".to_owned(),
        () if is_number(word) && word.contains('.') => "<number>".to_owned(),
        () => word.to_owned(),
    }
}

/// Whether the lines of a run are those that the chapter shows; if not, why.
pub(crate) fn compare(shown: &[String], real: &[String]) -> Result<(), String> {
    let shown: Vec<_> = shown.iter().map(|line| mask(line)).collect();
    let mut real: Vec<_> = real.iter().map(|line| mask(line)).collect();
    // Only the order of servers among themselves is left open.
    let mut begin = 0;
    while begin < real.len() {
        let servers = real[begin..].iter().take_while(|line| is_of_a_server(line));
        let end = begin + servers.count().max(1);
        real[begin..end].sort_by_key(|line| order_in(&shown, line));
        begin = end;
    }
    if begins_with(&shown, &real) {
        return Ok(());
    }
    let (shown, real) = (shown.join("\n"), real.join("\n"));
    Err(format!(
        "the chapter shows\n\n{shown}\n\nand the run\n\n{real}\n"
    ))
}

fn is_of_a_server(line: &str) -> bool {
    ["component=http", "component=grpc"]
        .iter()
        .any(|server| line.contains(server))
}

/// Where the chapter has the line of a server; the same place for all others.
fn order_in(shown: &[String], line: &str) -> Option<usize> {
    shown.iter().position(|shown| is_shown(shown, line))
}

fn is_shown(shown: &str, line: &str) -> bool {
    match shown.strip_suffix('…') {
        Some("") => false,
        Some(beginning) => line.starts_with(beginning),
        None => line == shown,
    }
}

/// Whether `real` is `shown`, from the first line to the last.
fn begins_with(shown: &[String], real: &[String]) -> bool {
    match shown.split_first() {
        None => real.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=real.len()).any(|skipped| begins_with(rest, &real[skipped..]))
        }
        Some((first, rest)) => match real.split_first() {
            Some((line, more)) => is_shown(first, line) && begins_with(rest, more),
            None => false,
        },
    }
}

#[test]
fn only_what_differs_each_time_is_masked() {
    for (line, masked) in [
        (
            "2026-11-28T02:40:08.550677Z  INFO took=22.072µs id=01a22006-3962-763e-a3bc-e37e2a5d609c",
            "<time>  INFO took=<duration> id=<id>",
        ),
        (
            "a stop takes at most 20s, delay=1s, took=1.00653844s",
            "a stop takes at most 20s, delay=1s, took=<duration>",
        ),
        ("Date: Sat, 28 Nov 2026 03:15:09 GMT", "date: <date>"),
        (
            "WARN kit_app::log: a stop takes at most 20s",
            "INFO kit_app::log: a stop takes at most 20s",
        ),
        ("WARN kit_app::log: late", "WARN kit_app::log: late"),
        (
            "trace_id=dc07b9a887b7d153fa9aa92610b40bdc 0.145",
            "trace_id=<trace> <number>",
        ),
        (
            r#"{"code":400,"length":"35"} version=0.1.0"#,
            r#"{"code":400,"length":"35"} version=0.1.0"#,
        ),
    ] {
        assert_eq!(mask(line), masked);
    }
}

#[test]
fn a_line_that_is_missing_wrong_or_too_many_is_found() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let real =
        lines("begin\nstopped component=grpc\nstopped component=http\nend took=1.5ms exit_code=0");
    let shown = "begin\nstopped component=http\nstopped component=grpc\nend took=2.5ms …";
    assert_eq!(compare(&lines(shown), &real), Ok(()));
    assert_eq!(compare(&lines("…\nend …"), &real), Ok(()));
    for wrong in [
        "begin\nend …",
        "…\nend",
        "…",
        "begin\n…\nstopped component=other\n…",
        "…\nstopped component=http\nbegin\n…",
        "begin\n…\nend …\nmore",
    ] {
        let is_wrong = wrong != "…";
        assert_eq!(compare(&lines(wrong), &real).is_err(), is_wrong, "{wrong}");
    }
}
