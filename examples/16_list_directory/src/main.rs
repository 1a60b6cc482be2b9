//! A slice, a channel and a visitor list the same folders, and differ in what their callers can know.
//!
//! `cargo run -p list_directory`; the chapter "Listing a directory" of the book explains it.

mod folders;
mod list;

use std::error::Error;
use std::ops::ControlFlow::{Break, Continue};
use std::path::Path;
use std::time::Duration;

use kit_sync::TaskTree;
use tokio::time::Instant;

const WANTED: usize = 3;
const DEADLINE: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let whole = folders::whole()?;
    println!("== Twelve folders with 25 files each");
    to_the_end(whole.path()).await;

    let broken = folders::broken()?;
    println!("\n== The same, but folder 07 is a link to itself, which cannot be followed");
    to_the_end(broken.path()).await;

    println!("\n== The first again, and a reader that wants {WANTED} names");
    stop_early(whole.path()).await;
    Ok(())
}

async fn to_the_end(root: &Path) {
    match list::slice(root) {
        Ok(names) => println!("slice    {} names", names.len()),
        Err(error) => println!("slice    {error}; and no names"),
    }

    let tree = TaskTree::new("list_directory");
    let mut channel = list::channel(tree.scope(), root.to_owned());
    let mut names = 0;
    while channel.recv().await.is_some() {
        names += 1;
    }
    println!("channel  {names} names, then it is closed: done or failed? it does not say");

    let (mut names, mut errors) = (0, Vec::new());
    let Continue(()) = list::visit::<std::convert::Infallible>(root, |entry| {
        match entry {
            Ok(_) => names += 1,
            Err(error) => errors.push(format!("after {names}: {error}")),
        }
        Continue(())
    });
    let count = errors.len();
    println!("visitor  {names} names, and {count} that could not be read");
    for error in errors {
        indented(error);
    }
}

/// Takes a few names by each of the three ways, and shows what the channel leaves behind: its producer,
/// which waits in a send until the receiver is dropped.
async fn stop_early(root: &Path) {
    match list::slice(root) {
        Ok(names) => println!("slice    {} names were read for {WANTED}", names.len()),
        Err(error) => println!("slice    {error}; and no names"),
    }

    let tree = TaskTree::new("list_directory");
    let (scope, ends) = tree.scope().supervised_child("reader");
    let mut channel = list::channel(&scope, root.to_owned());
    for _ in 0..WANTED {
        channel.recv().await;
    }
    println!("channel  {WANTED} names, then the reader turns to other things and leaves behind");
    indented(tree.tree());
    println!("         Its scope is closed; {DEADLINE:?} later the report says");
    let report = scope.close(Instant::now() + DEADLINE).await;
    for task in report.cut() {
        indented(format!("{}: {}", task.path(), task.outcome()));
    }
    println!("         Only when the receiver is dropped, a send fails, and then");
    drop(channel);
    let producer = ends.all_ended().await;
    indented(format!("{}: {}", producer.path(), producer.outcome()));

    let mut read = 0;
    let end = list::visit(root, |_| {
        read += 1;
        if read < WANTED {
            Continue(())
        } else {
            Break(())
        }
    });
    if end.is_break() {
        println!("visitor  {read} names were read for {WANTED}, and nothing is left behind");
    }
}

fn indented(text: impl ToString) {
    for line in text.to_string().lines() {
        println!("         {line}");
    }
}
