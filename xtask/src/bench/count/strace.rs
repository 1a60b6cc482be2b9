//! Strace: how it is started, and what stands in its output.

use std::path::Path;

pub(super) fn command(out: &Path) -> Vec<String> {
    let out = out.display().to_string();
    ["strace", "-f", "-q", "-c", "-o", &out]
        .map(str::to_owned)
        .to_vec()
}

/// Of `100.00    0.001234           4       300        12 total`, errors not always there.
pub(super) fn calls(text: &str) -> Option<u64> {
    text.lines()
        .rfind(|line| line.trim_end().ends_with(" total"))?
        .split_whitespace()
        .nth(3)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn the_total_is_read() {
        let text = "% time     seconds  usecs/call     calls    errors syscall\n\
            ------ ----------- ----------- --------- --------- ----------------\n\
            100.00    0.000011           0        31         2 total\n";
        assert_eq!(calls(text), Some(31));
        assert_eq!(calls("% time\n"), None);
    }
}
