//! How many connections fit into the files that the process may open.

use std::fmt;

/// How many connections there may be, and why not as many as were asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    most: usize,
    asked_for: usize,
    /// What the process may open, when that is the reason.
    open_files: Option<usize>,
}

impl Limit {
    pub(crate) fn of(asked_for: usize, open_files: Option<usize>) -> Limit {
        let allowed = |files: &usize| (files / 10 * 9).max(1);
        let open_files = open_files.filter(|files| allowed(files) < asked_for);
        Limit {
            most: open_files.as_ref().map_or(asked_for, allowed),
            asked_for,
            open_files,
        }
    }

    pub(crate) fn most(self) -> usize {
        self.most
    }

    /// Whether the process may open fewer files than connections were asked for.
    pub(crate) fn is_lowered(self) -> bool {
        self.open_files.is_some()
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limit {
            most, asked_for, ..
        } = self;
        match self.open_files {
            None => write!(f, "{most}"),
            Some(files) => write!(
                f,
                "{most} of {asked_for}, because the process may open {files} files"
            ),
        }
    }
}

/// How many files the process may have open.
#[cfg(unix)]
pub(crate) fn open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    usize::try_from(limit.current?).ok()
}

#[cfg(not(unix))]
pub(crate) fn open_files() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_why_it_is_lower_than_asked_for() {
        assert_eq!(Limit::of(20_000, None).to_string(), "20000");
        assert_eq!(Limit::of(100, Some(1024)).to_string(), "100");
        assert_eq!(
            Limit::of(20_000, Some(1024)).to_string(),
            "918 of 20000, because the process may open 1024 files"
        );
    }
}
