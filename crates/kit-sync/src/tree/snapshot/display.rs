//! A snapshot as an indented tree.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{MembersSnapshot, ScopeState, TaskSnapshot, TreeSnapshot};
use crate::{Ending, Kind};

/// The width that every terminal has.
const COLUMNS: usize = 80;

impl Display for TreeSnapshot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln(f, "", &headline(self))?;
        below(f, self, "")
    }
}

fn headline(scope: &TreeSnapshot) -> String {
    let name = &scope.name;
    match (scope.state, &scope.cause) {
        (ScopeState::Open, _) => name.clone(),
        (ScopeState::Cancelled, Some(cause)) => format!("{name} (cancelled: {cause})"),
        (ScopeState::Cancelled, None) => format!("{name} (cancelled)"),
        (ScopeState::Ended, Some(cause)) => format!("{name} (ended: {cause})"),
        (ScopeState::Ended, None) => format!("{name} (ended)"),
    }
}

/// Writes everything below the headline of a scope. First come the lines of the scope itself: its
/// tasks, its members, its holds. Then come the scopes below, each with a headline and, one step
/// further in, all that is below it; and at last the count of the scopes that are not listed. The
/// last of all these hangs on a corner, the others on a fork.
fn below(f: &mut Formatter<'_>, scope: &TreeSnapshot, indent: &str) -> fmt::Result {
    let mut lines: Vec<String> = scope.tasks.iter().map(ToString::to_string).collect();
    lines.extend(more(scope.more_tasks, "task", "tasks"));
    lines.extend(scope.members.iter().map(ToString::to_string));
    if scope.fresh_members > 0 {
        lines.push(format!(
            "{} unnamed, at their first poll",
            scope.fresh_members
        ));
    }
    match scope.holds {
        0 => {}
        1 => lines.push("1 hold".to_owned()),
        many => lines.push(format!("{many} holds")),
    }
    let unlisted = more(scope.more_scopes, "scope", "scopes");
    let mut left = lines.len() + scope.scopes.len() + usize::from(unlisted.is_some());
    let mut branch = || {
        left -= 1;
        if left == 0 {
            (format!("{indent}└─ "), format!("{indent}   "))
        } else {
            (format!("{indent}├─ "), format!("{indent}│  "))
        }
    };
    for line in lines {
        writeln(f, &branch().0, &line)?;
    }
    for child in &scope.scopes {
        let (first, rest) = branch();
        writeln(f, &first, &headline(child))?;
        below(f, child, &rest)?;
    }
    match unlisted {
        Some(line) => writeln(f, &branch().0, &line),
        None => Ok(()),
    }
}

impl Display for TaskSnapshot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = short(&self.spawned_at);
        write!(f, "{}  {}, {place}", self.name, age(self.age))?;
        match (self.kind, self.polls) {
            (Kind::Future, 1) => f.write_str(", 1 poll")?,
            (Kind::Future, polls) => write!(f, ", {polls} polls")?,
            (Kind::Blocking, _) => f.write_str(", blocking work")?,
            (Kind::Thread, _) => f.write_str(", a thread")?,
        }
        if self.polling {
            f.write_str(", IN A POLL")?;
        }
        match &self.ending {
            Ending::MayBeLeftBehind { reason } => write!(f, ", may be left behind: {reason}"),
            _ => Ok(()),
        }
    }
}

impl Display for MembersSnapshot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = short(&self.spawned_at);
        write!(f, "{} unnamed, {place}, oldest ", self.count)?;
        for (index, oldest) in self.oldest.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}", age(*oldest))?;
        }
        match self.polling {
            0 => Ok(()),
            polling => write!(f, ", {polling} IN A POLL"),
        }
    }
}

fn more(count: usize, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("… and 1 more {one}")),
        count => Some(format!("… and {count} more {many}")),
    }
}

/// The file and the folder that it is in: enough to find it, and short.
fn short(place: &str) -> &str {
    let slashes = place.rmatch_indices(['/', '\\']);
    slashes
        .map(|(at, _)| &place[at + 1..])
        .nth(1)
        .unwrap_or(place)
}

fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0 => format!("{} ms", age.as_millis()),
        1..60 => format!("{:.1} s", age.as_secs_f64()),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// One line, cut where the terminal ends.
fn writeln(f: &mut Formatter<'_>, indent: &str, text: &str) -> fmt::Result {
    // A name or a cause may come from anywhere.
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: Vec<char> = indent.chars().chain(text).collect();
    if line.len() <= COLUMNS {
        return writeln!(f, "{}", line.iter().collect::<String>());
    }
    writeln!(f, "{}…", line[..COLUMNS - 1].iter().collect::<String>())
}
