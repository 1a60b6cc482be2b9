//! The outcomes of mutants, in a file that outlives a run that was cut off.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use crate::Result;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A test failed.
    Caught,
    /// The tests took much longer than without it.
    TimedOut,
    /// No test noticed.
    Survived,
    /// It does not compile.
    Unviable,
}

impl Outcome {
    const ALL: [Outcome; 4] = [
        Outcome::Caught,
        Outcome::TimedOut,
        Outcome::Survived,
        Outcome::Unviable,
    ];

    fn word(self) -> &'static str {
        match self {
            Outcome::Caught => "caught",
            Outcome::TimedOut => "timeout",
            Outcome::Survived => "survived",
            Outcome::Unviable => "unviable",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The outcomes of one commit, by suite and name. The file holds those of every commit, one in a
/// line: commit, suite, outcome, seconds, name.
pub(super) struct Record {
    commit: String,
    known: HashMap<(String, String), Outcome>,
    file: File,
}

impl Record {
    pub(super) fn open(path: &Path, commit: &str) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text?,
        };
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            writeln!(file)?;
        }
        Ok(Self {
            commit: commit.to_owned(),
            known: known(&text, commit),
            file,
        })
    }

    pub(super) fn get(&self, suite: &str, name: &str) -> Option<Outcome> {
        let key = (suite.to_owned(), name.to_owned());
        self.known.get(&key).copied()
    }

    pub(super) fn add(
        &mut self,
        suite: &str,
        name: &str,
        outcome: Outcome,
        took: Duration,
    ) -> Result {
        let commit = &self.commit;
        let took = took.as_secs();
        writeln!(self.file, "{commit}\t{suite}\t{outcome}\t{took}\t{name}")?;
        let key = (suite.to_owned(), name.to_owned());
        self.known.insert(key, outcome);
        Ok(())
    }
}

/// A line that a run was cut off in has too few fields, or no outcome, and counts as unknown.
fn known(text: &str, commit: &str) -> HashMap<(String, String), Outcome> {
    text.split_inclusive('\n')
        .filter_map(|line| {
            let line = line.strip_suffix('\n')?;
            let mut fields = line.splitn(5, '\t');
            let (of, suite, word) = (fields.next()?, fields.next()?, fields.next()?);
            let name = fields.nth(1)?;
            let outcome = Outcome::ALL
                .into_iter()
                .find(|outcome| outcome.word() == word)?;
            (of == commit).then(|| ((suite.to_owned(), name.to_owned()), outcome))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::{env, fs};

    use super::{Outcome, Record};

    #[test]
    fn what_was_found_out_is_known_to_the_next_run_on_the_same_commit() {
        let path = env::temp_dir().join(format!("xtask-record-{}.tsv", std::process::id()));
        let _ = fs::remove_file(&path);
        let name = "src/a.rs:1:2: replace a -> b with c";
        let second = Duration::from_secs(1);
        let mut record = Record::open(&path, "c1").expect("a new file");
        record
            .add("own", name, Outcome::Survived, second)
            .expect("written");
        assert_eq!(record.get("own", name), Some(Outcome::Survived));

        let open = |commit| Record::open(&path, commit).expect("a file");
        assert_eq!(open("c1").get("own", name), Some(Outcome::Survived));
        assert_eq!(open("c1").get("users", name), None);
        assert_eq!(open("c2").get("own", name), None);

        // A run that was killed while it wrote.
        let mut text = fs::read_to_string(&path).expect("written");
        text.push_str("c1\town\tcaught\t3\tsrc/b.rs:1");
        fs::write(&path, text).expect("written");
        let mut record = open("c1");
        assert_eq!(record.get("own", "src/b.rs:1"), None);
        record
            .add("own", "src/b.rs:1:1", Outcome::Caught, second)
            .expect("written");
        assert_eq!(open("c1").get("own", "src/b.rs:1:1"), Some(Outcome::Caught));
        let _ = fs::remove_file(path);
    }
}
