//! Files, variables and flags that were changed at random: an error or settings, never a panic, and the old
//! settings stay.

use kit_config::{ReloadError, Reloader, Settings};

use crate::home::{Folder, Orders, reloader};

/// Another one finds other mistakes; it is printed with each failure.
const SEED: u64 = 0x5eed_c0ff_ee15_c0de;

const TOML: &str = r#"# Orders.
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

const YAML: &str = r#"# Orders.
port: 8000
note: "a \"note\", é 漢 \u00e9"
copy: |
  several
  lines
limits:
  low: &low 0x10
  high: 4000
  names:
    - one # a comment
    - 'two'
    - >-
      three
      lines
"#;

const JSON: &str = r#"{
  "port": 8000,
  "note": "a \"note\", é 漢 \u00e9",
  "copy": "several\nlines",
  "limits": {
    "low": 16,
    "high": 4000,
    "names": ["one", "two", "three"]
  }
}
"#;

/// Parts that mean something in one of the formats, or to Kit.
const PARTS: [&str; 62] = [
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
    ":",
    ": ",
    "- ",
    "? ",
    "|",
    ">",
    "&a ",
    "*a",
    "*low",
    "<<: ",
    "!!str ",
    "!x ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "  ",
    "~",
    "null",
    "\\ud800",
    "//",
    "/*",
];

/// A file that is right, in one format.
#[derive(Clone, Copy)]
struct Format {
    file: &'static str,
    right: &'static str,
}

const FORMATS: [Format; 3] = [
    Format {
        file: "orders.toml",
        right: TOML,
    },
    Format {
        file: "orders.yaml",
        right: YAML,
    },
    Format {
        file: "orders.json",
        right: JSON,
    },
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

/// A file of one format that is changed and loaded anew, time after time.
struct Target {
    format: Format,
    folder: Folder,
    reloader: Reloader<Orders>,
    /// As it was written last.
    text: Vec<u8>,
    right: usize,
    wrong: usize,
}

impl Target {
    fn of(format: Format) -> Target {
        let folder = Folder::with(&[(format.file, format.right)]);
        let settings = Settings::new().file(folder.path(format.file));
        Target {
            format,
            reloader: reloader(settings),
            folder,
            text: format.right.as_bytes().to_vec(),
            right: 0,
            wrong: 0,
        }
    }

    /// One turn of the reloader over a file that was changed once more: the new settings, or the old ones.
    async fn turn(&mut self, random: &mut Random) {
        // Mostly one step away from a right file, at times many.
        let base = match random.below(4) {
            0 => &self.text,
            _ => self.format.right.as_bytes(),
        };
        self.text = mutate(base, random);
        self.text.truncate(4_096);
        self.folder.write(self.format.file, &self.text);
        let current = self.reloader.current();
        let before = current.load();
        let text = String::from_utf8_lossy(&self.text);
        let shown = || format!("{} of seed {SEED:#x}: {text:?}", self.format.file);
        match self.reloader.reload().await {
            Ok(_) => {
                self.right += 1;
                assert!(current.load().is_right(), "{}", shown());
                assert_eq!(current.load().port, 8000, "{}", shown());
                assert!(self.is_well_formed(), "{}", shown());
            }
            Err(ReloadError::Load(mistakes) | ReloadError::Mixture(mistakes)) => {
                self.wrong += 1;
                assert!(!mistakes.problems().is_empty() && !mistakes.to_string().is_empty());
                assert_eq!(*current.load(), *before, "{}", shown());
            }
            Err(error) => panic!("{error:?}: {}", shown()),
        }
    }

    /// Whether another parser of JSON takes the text as well; the other formats have none here.
    fn is_well_formed(&self) -> bool {
        let is_json = self.format.file.ends_with("json");
        let text = self.text.strip_prefix("\u{feff}".as_bytes());
        let text = text.unwrap_or(&self.text);
        let is_empty = text.trim_ascii().is_empty();
        !is_json || is_empty || serde_json::from_slice::<serde_json::Value>(text).is_ok()
    }
}

/// Loads as many changed files, each of a format that is drawn; both outcomes have to be met in each.
async fn load_mutated(count: usize) {
    let mut targets = FORMATS.map(Target::of);
    let mut random = Random(SEED);
    for _ in 0..count {
        let target = random.below(targets.len());
        targets[target].turn(&mut random).await;
    }
    for Target {
        format,
        right,
        wrong,
        ..
    } in targets
    {
        let file = format.file;
        println!("{file}: {right} right, {wrong} wrong");
        assert!(
            right > count / 150 && wrong > count / 150,
            "{file}: {right} right, {wrong} wrong"
        );
    }
}

#[tokio::test]
async fn mutated_files_are_settings_or_an_error() {
    load_mutated(5_000).await;
}

#[tokio::test]
#[ignore = "a million files take up to 40 minutes"]
async fn a_million_mutated_files_are_settings_or_an_error() {
    load_mutated(1_000_000).await;
}

/// Variables and texts behind `--set` that are right.
const ASSIGNED: [(&str, &str); 6] = [
    ("port", "8000"),
    ("note", "a note, with a comma"),
    ("limits", "{ low = 1, high = 4_000 }"),
    ("limits.names", "[\"one\", 'two']"),
    ("limits.names[0]", "one"),
    ("limits.high", "4_000"),
];

/// A text that was changed, without the zero bytes that no variable and no argument can hold.
fn mutated_text(text: &str, random: &mut Random) -> String {
    let bytes = match random.below(4) {
        0 => text.as_bytes().to_vec(),
        _ => mutate(text.as_bytes(), random),
    };
    String::from_utf8_lossy(&bytes).replace('\0', "")
}

/// Loads as many times with changed variables, and texts behind `--set`.
fn load_assigned(count: usize) {
    let folder = Folder::with(&[("orders.toml", TOML)]);
    let mut random = Random(SEED);
    let (mut right, mut wrong) = (0, 0);
    for number in 0..count {
        let mut variables = Vec::new();
        let mut settings = folder.orders().environment("O");
        for _ in 0..=random.below(2) {
            let (key, value) = ASSIGNED[random.below(ASSIGNED.len())];
            let value = mutated_text(value, &mut random);
            if random.below(2) == 0 {
                let name = key.replace('.', "__").replace("[0]", "__0").to_uppercase();
                variables.push((format!("O__{}", mutated_text(&name, &mut random)), value));
            } else {
                let key = mutated_text(key, &mut random);
                settings = settings.set(format!("{key}={value}"));
            }
        }
        let shown = format!("load {number} of seed {SEED:#x}: {variables:?} {settings:?}");
        match settings.variables(variables).load() {
            Ok(loaded) => {
                right += 1;
                assert!(loaded.settings().is_right(), "{shown}");
            }
            Err(error) => {
                wrong += 1;
                let is_said = !error.problems().is_empty() && !error.to_string().is_empty();
                assert!(is_said, "{shown}");
            }
        }
    }
    println!("variables and --set: {right} right, {wrong} wrong");
    assert!(
        right > count / 20 && wrong > count / 20,
        "{right} right, {wrong} wrong"
    );
}

#[test]
fn mutated_variables_and_flags_are_settings_or_an_error() {
    load_assigned(3_000);
}

#[test]
#[ignore = "a million loads take minutes"]
fn a_million_mutated_variables_and_flags_are_settings_or_an_error() {
    load_assigned(1_000_000);
}
