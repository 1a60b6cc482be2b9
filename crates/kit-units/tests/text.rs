//! Durations and sizes as text.

use std::time::Duration;

use kit_units::{format_duration, format_size, parse_duration, parse_size};
use proptest::prelude::*;

fn any_duration() -> impl Strategy<Value = Duration> {
    // Whole seconds and milliseconds are what people write; the rest is what must not break either.
    prop_oneof![
        (0u64..100_000).prop_map(Duration::from_secs),
        (0u64..100_000_000).prop_map(Duration::from_millis),
        (any::<u64>(), 0u32..1_000_000_000).prop_map(|(s, n)| Duration::new(s, n)),
        Just(Duration::MAX),
    ]
}

fn any_size() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        0u64..5000,
        (0u64..1024, 0u32..6).prop_map(|(n, unit)| n << (10 * unit)),
        (0u64..1000, 0u32..6).prop_map(|(n, unit)| n * 1000u64.pow(unit)),
    ]
}

proptest! {
    #[test]
    fn a_duration_that_is_written_reads_as_the_same(duration in any_duration()) {
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn a_size_that_is_written_reads_as_the_same(size in any_size()) {
        prop_assert_eq!(parse_size(&format_size(size)), Ok(size));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,20}", near in "[0-9. ]{0,30}(d|h|m|s|ms|us|µs|ns|B|kB|MiB|EiB)?[0-9. ]{0,30}s?") {
        for text in [text, near] {
            for error in [parse_duration(&text).err(), parse_size(&text).err()].into_iter().flatten() {
                prop_assert!(error.to_string().contains("write "), "{error}");
            }
        }
    }

    #[test]
    fn a_fraction_is_the_same_as_its_parts(seconds in 0u64..1_000_000, millis in 0u64..1000) {
        let written = parse_duration(&format!("{seconds}.{millis:03}s"));
        prop_assert_eq!(written, Ok(Duration::from_millis(seconds * 1000 + millis)));
    }
}

#[test]
fn durations_read_as_people_write_them() {
    for (text, millis) in [
        ("0s", 0),
        ("0ms", 0),
        ("250ms", 250),
        ("90s", 90_000),
        ("1m 30s", 90_000),
        ("1m30s", 90_000),
        ("  1h  30m ", 5_400_000),
        ("1h30m", 5_400_000),
        ("2 m", 120_000),
        ("1.5s", 1_500),
        ("0.250s", 250),
        ("1m 0.5s", 60_500),
        ("1.5h", 5_400_000),
        ("2d", 172_800_000),
        ("5000us", 5),
        ("5000µs", 5),
        ("5000μs", 5),
        ("5000000ns", 5),
        ("1.50000000000000000000000s", 1_500),
    ] {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_millis(millis)),
            "{text}"
        );
    }
}

#[test]
fn durations_are_written_in_whole_units() {
    for (millis, text) in [
        (0, "0s"),
        (250, "250ms"),
        (1_500, "1s 500ms"),
        (90_000, "1m 30s"),
        (86_400_000, "1d"),
    ] {
        assert_eq!(format_duration(Duration::from_millis(millis)), text);
    }
    assert_eq!(format_duration(Duration::from_nanos(1_001)), "1us 1ns");
}

#[test]
fn a_wrong_duration_is_named_with_what_would_be_right() {
    for (text, says) in [
        (
            "",
            r#""" does not begin with a number: write "30s", "250ms" or "1h 30m""#,
        ),
        (
            "soon",
            r#""soon" does not begin with a number: write "30s", "250ms" or "1h 30m""#,
        ),
        (
            "-5s",
            r#""-5s" does not begin with a number: write "30s", "250ms" or "1h 30m""#,
        ),
        (
            ".5s",
            r#"".5s" does not begin with a number: write "30s", "250ms" or "1h 30m""#,
        ),
        (
            "1.s",
            r#""1.s" does not begin with a number: write "30s", "250ms" or "1h 30m""#,
        ),
        (
            "30",
            r#"30 has no unit: write "30s" for seconds, "30ms" for milliseconds"#,
        ),
        ("0", r#"0 has no unit: write "0s""#),
        (
            "1m 30",
            r#"30 has no unit: write "30s" for seconds, "30ms" for milliseconds"#,
        ),
        (
            "30 seconds",
            r#""30 seconds" has the unknown unit "seconds": write "30s""#,
        ),
        ("30S", r#""30S" has the unknown unit "S": write "30s""#),
        ("5min", r#""5min" has the unknown unit "min": write "5m""#),
        (
            "5M",
            r#""5M" has the unknown unit "M": write "5m" for minutes"#,
        ),
        (
            "1w",
            r#""1w" has the unknown unit "w": write one of the units d, h, m, s, ms, us and ns, such as "30s" or "1h 30m""#,
        ),
        (
            "30m 1h",
            r#""30m 1h" has the unit "h" out of order: write each unit once, the largest first, such as "1h 30m""#,
        ),
        (
            "1m 1m",
            r#""1m 1m" has the unit "m" out of order: write each unit once, the largest first, such as "1h 30m""#,
        ),
        (
            "0.5ns",
            r#""0.5ns" cannot be kept exactly: write a fraction in the last part only, of at least one nanosecond, such as "1.5s""#,
        ),
        (
            "1.5m 3s",
            r#""1.5m 3s" cannot be kept exactly: write a fraction in the last part only, of at least one nanosecond, such as "1.5s""#,
        ),
        (
            "18446744073709551616s",
            r#""18446744073709551616s" is too large: write "213503982334601d 7h 15s 999ms 999us 999ns" at most"#,
        ),
        (
            "999999999999999999999999999999999999999999d",
            r#""999999999999999999999999999999999999999999d" is too large: write "213503982334601d 7h 15s 999ms 999us 999ns" at most"#,
        ),
    ] {
        assert_eq!(parse_duration(text).unwrap_err().to_string(), says);
    }
}

#[test]
fn sizes_read_as_people_write_them() {
    for (text, bytes) in [
        ("0", 0),
        ("4096", 4096),
        ("512B", 512),
        ("1kB", 1000),
        ("1KB", 1000),
        ("64KiB", 65_536),
        ("10MB", 10_000_000),
        (" 16 MiB ", 16_777_216),
        ("1.5GiB", 1_610_612_736),
        ("2TB", 2_000_000_000_000),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
}

#[test]
fn sizes_are_written_as_short_as_they_can_be() {
    for (bytes, text) in [
        (0, "0B"),
        (512, "512B"),
        (1000, "1kB"),
        (1024, "1KiB"),
        (1025, "1025B"),
        (65_536, "64KiB"),
        (10_000_000, "10MB"),
        (1_024_000_000, "1024MB"),
        (u64::MAX, "18446744073709551615B"),
    ] {
        assert_eq!(format_size(bytes), text);
    }
}

#[test]
fn a_wrong_size_is_named_with_what_would_be_right() {
    for (text, says) in [
        (
            "",
            r#""" does not begin with a number: write "16MiB", "64KiB", "10MB" or "512B""#,
        ),
        (
            "-1",
            r#""-1" does not begin with a number: write "16MiB", "64KiB", "10MB" or "512B""#,
        ),
        (
            "16M",
            r#""16M" has the unknown unit "M": write "16MiB" (times 1024) or "16MB" (times 1000)"#,
        ),
        (
            "16k",
            r#""16k" has the unknown unit "k": write "16KiB" (times 1024) or "16kB" (times 1000)"#,
        ),
        (
            "16Gi",
            r#""16Gi" has the unknown unit "Gi": write "16GiB" (times 1024) or "16GB" (times 1000)"#,
        ),
        (
            "16mib",
            r#""16mib" has the unknown unit "mib": write "16MiB""#,
        ),
        ("16Mb", r#""16Mb" has the unknown unit "Mb": write "16MB""#),
        (
            "16 bytes",
            r#""16 bytes" has the unknown unit "bytes": write "16B""#,
        ),
        (
            "16 apples",
            r#""16 apples" has the unknown unit "apples": write one of the units B, KiB, MiB, GiB, TiB, kB, MB, GB and TB, such as "16MiB" or "10MB""#,
        ),
        (
            "1.5B",
            r#""1.5B" cannot be kept exactly: write a whole number of bytes"#,
        ),
        (
            "1MiB 5KiB",
            r#""1MiB 5KiB" has more than one number: write "16MiB", "64KiB", "10MB" or "512B""#,
        ),
        (
            "16EiB",
            r#""16EiB" is too large: write "18446744073709551615B" at most"#,
        ),
        (
            "18446744073709551616",
            r#""18446744073709551616" is too large: write "18446744073709551615B" at most"#,
        ),
    ] {
        assert_eq!(parse_size(text).unwrap_err().to_string(), says);
    }
}
