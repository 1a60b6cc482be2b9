//! Files that were changed at random: an error or settings, never a panic, and the old ones stay.

use kit_config::ReloadError;

use crate::home::{Folder, reloader};

/// Another one finds other mistakes; it is printed with each failure.
const SEED: u64 = 0x5eed_c0ff_ee15_c0de;

const RIGHT: &str = r#"# Orders.
port = 8000
note = "a \"note\", é 漢 \u00e9"
copy = '''
several
lines'''

[limits]
low = 0x10
high = 4_000
names = [
    "one", # a comment
    'two',
    "three",
]
"#;

/// Parts that mean something in TOML, or to Kit.
const PARTS: [&str; 40] = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\n",
    "\r\n",
    "#",
    "\\",
    "\\u",
    "\\U0010FFFF",
    "0x",
    "1e400",
    "-",
    "+",
    "_",
    "nan",
    "inf",
    "true",
    "1979-05-27",
    "07:32:00",
    "9223372036854775808",
    "-1",
    "[limits]",
    "low",
    "high = 1",
    "port",
    "${",
    "${key:note}",
    "${file:/nowhere}",
    "$$",
    "\u{feff}",
];

/// A generator of Marsaglia's kind.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }
}

/// Changes a text in one to four places.
fn mutate(text: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(24)).min(bytes.len());
        match random.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                let place = random.below(bytes.len() + 1);
                bytes.splice(place..place, part);
            }
            3 => {
                let part = PARTS[random.below(PARTS.len())].bytes();
                bytes.splice(at..end.min(at + 2), part);
            }
            4 => {
                let part = PARTS[random.below(PARTS.len())].bytes();
                bytes.splice(at..at, part);
            }
            5 => bytes[at..end]
                .iter_mut()
                .for_each(|byte| *byte ^= 1 << random_bit(at)),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(random.below(256)).unwrap_or(0);
                }
            }
        }
    }
    bytes
}

fn random_bit(at: usize) -> usize {
    at % 8
}

/// Loads as many changed files; gives how many were right and how many wrong.
async fn load_mutated(count: usize) -> (usize, usize) {
    let folder = Folder::with(&[("orders.toml", RIGHT)]);
    let reloader = reloader(folder.orders());
    let current = reloader.current();
    let mut random = Random(SEED);
    let mut text = RIGHT.as_bytes().to_vec();
    let (mut right, mut wrong) = (0, 0);
    for number in 0..count {
        // Mostly one step away from a right file, at times many.
        let base = if random.below(4) == 0 {
            &text
        } else {
            RIGHT.as_bytes()
        };
        text = mutate(base, &mut random);
        text.truncate(4_096);
        folder.write("orders.toml", &text);
        let before = current.load();
        let shown = || {
            format!(
                "file {number} of seed {SEED:#x}: {:?}",
                String::from_utf8_lossy(&text)
            )
        };
        match reloader.reload().await {
            Ok(_) => {
                right += 1;
                assert!(current.load().is_right(), "{}", shown());
                assert_eq!(current.load().port, 8000, "{}", shown());
            }
            Err(ReloadError::Load(mistakes) | ReloadError::Mixture(mistakes)) => {
                wrong += 1;
                assert!(!mistakes.problems().is_empty() && !mistakes.to_string().is_empty());
                assert_eq!(*current.load(), *before, "{}", shown());
            }
            Err(error) => panic!("{error:?}: {}", shown()),
        }
    }
    (right, wrong)
}

#[tokio::test]
async fn mutated_files_are_settings_or_an_error() {
    let (right, wrong) = load_mutated(10_000).await;
    // The mutations find both.
    assert!(right > 500 && wrong > 500, "{right} right, {wrong} wrong");
}

#[tokio::test]
#[ignore = "a million files take up to 40 minutes"]
async fn a_million_mutated_files_are_settings_or_an_error() {
    let (right, wrong) = load_mutated(1_000_000).await;
    assert!(
        right > 50_000 && wrong > 50_000,
        "{right} right, {wrong} wrong"
    );
}
