//! The reader's folder, with the addresses of the chapter replaced by those of this run.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::chapter::Chapter;

/// The servers as the chapter has them.
const SERVERS: [(&str, &str); 3] = [
    ("http", "127.0.0.1:8000"),
    ("grpc", "127.0.0.1:9000"),
    ("admin", "127.0.0.1:9090"),
];

/// Names of the same places.
const LOCALHOST: [(&str, &str); 2] = [
    ("localhost:9090", "127.0.0.1:9090"),
    ("localhost:9091", "127.0.0.1:0"),
];

pub(crate) struct Project {
    folder: TempDir,
    /// What stands in the chapter, and what stands for it here.
    places: Vec<(String, String)>,
}

impl Project {
    pub(crate) fn new() -> Project {
        let folder = tempfile::tempdir().expect("a folder");
        let greeters = folder.path().join("greeters").display().to_string();
        let mut project = Project {
            folder,
            places: vec![("/tmp/greeters".to_owned(), greeters)],
        };
        for (_, address) in SERVERS {
            project.place(address, "127.0.0.1:0");
        }
        project
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the files of settings as they are after this step.
    pub(crate) fn write_settings(&self, chapter: &Chapter, step: usize) {
        let files = chapter.files(step).into_iter();
        for (path, text) in files.filter(|(path, _)| path.starts_with("config/")) {
            let path = self.folder().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            fs::write(path, self.here(text)).expect("the file");
        }
    }

    /// From now on `here` stands for `there`, a place in the chapter.
    pub(crate) fn place(&mut self, there: &str, here: &str) {
        self.places.retain(|(other, _)| other != there);
        self.places.push((there.to_owned(), here.to_owned()));
    }

    /// Takes the addresses of servers from a line such as `listening component=http http=127.0.0.1:41000`.
    pub(crate) fn learn(&mut self, line: &str) {
        for (name, there) in SERVERS {
            let fields = line.split_whitespace();
            let found = fields.filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            for here in found.map(str::to_owned).collect::<Vec<_>>() {
                self.place(there, &here);
            }
        }
    }

    /// A text of the chapter as it is here.
    pub(crate) fn here(&self, text: &str) -> String {
        let text = LOCALHOST
            .iter()
            .fold(text.to_owned(), |text, (name, address)| {
                text.replace(name, address)
            });
        let places = self.places.iter();
        places.fold(text, |text, (there, here)| {
            text.replace(there.as_str(), here)
        })
    }

    /// A line of this run as the chapter has it.
    pub(crate) fn there(&self, line: &str) -> String {
        let places = self.places.iter().filter(|(_, here)| here != "127.0.0.1:0");
        places.fold(line.to_owned(), |line, (there, here)| {
            line.replace(here.as_str(), there)
        })
    }
}
