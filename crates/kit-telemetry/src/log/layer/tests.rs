//! Lines of real events and spans.

use std::time::Duration;

use kit_test_support::Lines;
use tracing::{debug, error, error_span, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::log::options::{LogFormat, RepeatOptions};
use crate::log::writer::Writer;

/// The lines that `say` logs, without their times.
fn lines_of(repeat: RepeatOptions, max_line: usize, say: impl FnOnce()) -> Vec<String> {
    let seen = Lines::default();
    let format = Format::choose(LogFormat::Logfmt, false);
    let identity = Arc::new(Identity::of("orders".to_owned()));
    let repeat = Arc::new(Repeat::new(&repeat));
    let notices = Notices {
        format,
        identity: Arc::clone(&identity),
        repeat: Arc::clone(&repeat),
    };
    let mut writer = Writer::start(Box::new(seen.clone()), 1 << 20, notices).unwrap();
    let layer = LogLayer {
        lines: Arc::clone(writer.lines()),
        format,
        identity,
        redaction: Redaction::new(&["card".to_owned()]),
        repeat,
        max_line,
    };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
    writer.end(Duration::from_secs(10));
    let lines = seen.all().into_iter();
    lines
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .collect()
}

fn lines(say: impl FnOnce()) -> Vec<String> {
    lines_of(RepeatOptions::default(), 64 << 10, say)
}

/// What the derived `Debug` of it prints.
#[derive(Debug)]
#[expect(dead_code, reason = "printed")]
struct Login {
    name: &'static str,
    password: Option<&'static str>,
}

#[test]
fn secrets_are_redacted_by_key_and_inside_values() {
    let lines = lines(|| {
        let login = Login {
            name: "kit",
            password: Some("hunter2"),
        };
        let span = info_span!(
            "call",
            api_key = "hunter2",
            user = "kit",
            later = tracing::field::Empty
        );
        span.record("later", "token=hunter2");
        let _inside = span.enter();
        info!(target: "t", ?login, card = 4111, "GET /a?access_token=hunter2&b=c");
    });
    assert_eq!(
        lines,
        [
            "level=info target=t message=\"GET /a?access_token=[redacted]&b=c\" service=orders \
             login=\"Login { name: \\\"kit\\\", password: [redacted] }\" card=[redacted] \
             api_key=[redacted] user=kit later=\"token=[redacted]\""
        ]
    );
}

#[test]
fn what_is_nearer_wins_and_a_line_keeps_its_own_keys() {
    let lines = lines(|| {
        let app =
            error_span!(target: "kit_app::log", "app", service = "bills", version = "", id = "i-1");
        let _app = app.enter();
        let request = info_span!(target: "kit::request", "request", request_id = "r-1", trace_id = "t-1", span_id = "s-1", url.path = "/a");
        let _request = request.enter();
        let inner = info_span!("inner", step = 1, order = 7);
        let _inner = inner.enter();
        info!(target: "t", step = 2, id = 3, level = "x", "forged\nlevel=error");
    });
    assert_eq!(
        lines,
        [
            "level=info target=t message=\"forged\\nlevel=error\" service=bills id=i-1 \
             request_id=r-1 trace_id=t-1 span_id=s-1 step=2 field.id=3 field.level=x order=7"
        ]
    );
}

#[test]
fn a_line_has_its_longest_length() {
    let long = "ä".repeat(1000);
    let lines = lines_of(RepeatOptions::default(), 300, || {
        info!(target: "t", long, short = "s", "said");
    });
    assert!(lines[0].len() < 500, "{}", lines[0].len());
    assert!(lines[0].contains("ä…[cut]"), "{}", lines[0]);
    assert!(
        lines[0].contains("message=said") && lines[0].ends_with(" short=s"),
        "{}",
        lines[0]
    );
}

/// Counts what of it was asked for.
struct Endless<'a>(&'a std::cell::Cell<usize>);

impl fmt::Debug for Endless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..1_000_000 {
            self.0.set(self.0.get() + 1);
            f.write_str("0123456789")?;
        }
        Ok(())
    }
}

#[test]
fn a_long_text_is_cut_before_it_is_formatted_and_a_field_has_a_limit() {
    let asked = std::cell::Cell::new(0);
    let long = "ä".repeat(5_000_000);
    let lines = lines(|| {
        let span =
            info_span!("call", long, debugged = ?Endless(&asked), later = tracing::field::Empty);
        span.record("later", &*long);
        let _inside = span.enter();
        info!(target: "t", path = &*long, "{}", long);
    });
    assert!(asked.get() < 1000, "{} pieces were formatted", asked.get());
    let field = |name: &str| {
        let (_, rest) = lines[0].split_once(&format!(" {name}=")).expect(name);
        rest.split(' ').next().expect("a value").len()
    };
    for name in ["long", "debugged", "later", "path"] {
        assert!(
            (4096..4096 + 20).contains(&field(name)),
            "{name}: {}",
            field(name)
        );
    }
    assert!(
        (40 << 10..70 << 10).contains(&field("message")),
        "{}",
        field("message")
    );
}

#[test]
fn a_cut_shows_no_part_of_a_secret() {
    for before in 4000..4120 {
        let filled = "x".repeat(before);
        for text in [
            format!("{filled} password: \"hunter2 hunter2\" hunter2"),
            format!("{filled} token: Some(Secret {{ bytes: \"hunter2\" }})"),
            format!("{filled} authorization=Bearer hunter2"),
            format!("{filled} {{\\\"api_key\\\":\\\"hunter2\\\"}}"),
        ] {
            // A secret without a key before it is none that can be known.
            let text = text.replace("\" hunter2", "\"");
            let lines = lines(|| info!(target: "t", text, "said"));
            assert!(
                !lines[0].contains("hunt"),
                "{before}: {}",
                &lines[0][3900..]
            );
        }
    }
}

#[test]
fn warnings_that_repeat_are_counted_and_said_once() {
    let repeat = RepeatOptions {
        lines: 3,
        period: Duration::from_secs(3600),
    };
    let lines = lines_of(repeat, 64 << 10, || {
        for attempt in 0..10 {
            warn!(target: "t", attempt, "again");
            info!(target: "t", attempt, "as often as it likes");
            error!(target: "kit_app::run", attempt, "of the lifecycle");
            debug!(target: "t", "as often as it likes");
        }
        error!(target: "t", "another place");
    });
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(count("message=again"), 3);
    assert_eq!(count("message=\"as often as it likes\""), 20);
    assert_eq!(count("message=\"of the lifecycle\""), 10);
    assert_eq!(count("message=\"another place\""), 1);
    let said = lines.last().unwrap();
    assert!(said.contains(" held_back=7 of=t place="), "{said}");
    assert_eq!(lines.len(), 35);
}

#[test]
fn a_place_begins_anew_with_each_period() {
    let repeat = RepeatOptions {
        lines: 1,
        period: Duration::from_millis(20),
    };
    let lines = lines_of(repeat, 64 << 10, || {
        let warn = || warn!(target: "t", "again");
        warn();
        warn();
        std::thread::sleep(Duration::from_millis(30));
        warn();
    });
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| line.contains("held_back=1"))
        .collect();
    assert_eq!(kinds, [false, true, false], "{lines:#?}");
}
