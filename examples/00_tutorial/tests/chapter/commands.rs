//! The commands of the chapter that are not the service itself.

use std::fs;

use crate::answers;
use crate::project::Project;

/// What a command prints; none when this is not the room that knows it.
pub(crate) async fn output(words: &[String], project: &Project) -> Option<String> {
    let words: Vec<_> = words.iter().map(|word| project.here(word)).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let printed = match words[..] {
        ["curl", url] => body(url).await,
        ["curl", "-i", url] => {
            let (head, body) = answers::get(url).await.expect("an answer");
            format!("{head}\n\n{body}")
        }
        ["curl", "-s", url, "|", "grep", text] => {
            let page = body(url).await;
            let found = page.lines().filter(|line| line.contains(text));
            found.flat_map(|line| [line, "\n"]).collect()
        }
        [
            "grpcurl",
            "-plaintext",
            "-d",
            message,
            address,
            "greeter.v1.Greeter/Hello",
        ] => {
            let name = message.strip_prefix(r#"{"name": ""#);
            let name = name.and_then(|rest| rest.strip_suffix(r#""}"#));
            answers::hello(address, name.expect("a name")).await
        }
        [
            "grpcurl",
            "-plaintext",
            address,
            "grpc.health.v1.Health/Check",
        ] => answers::health(address).await,
        ["etcdctl", "get", "--prefix", prefix] => {
            let etcd = project.here("127.0.0.1:2379");
            answers::keys(&etcd, prefix).await
        }
        ["ls", folder] => {
            let entries = fs::read_dir(folder).expect("a folder");
            let names = entries.map(|entry| entry.expect("an entry").file_name());
            let names = names.map(|name| name.to_str().expect("text").to_owned());
            let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
            names.sort();
            names.into_iter().map(|name| name + "\n").collect()
        }
        ["cat", file] => fs::read_to_string(project.folder().join(file)).expect("a file"),
        ["tail", "-n", "2", file] => {
            let text = fs::read_to_string(project.folder().join(file)).expect("a file");
            let lines: Vec<_> = text.lines().collect();
            let last = &lines[lines.len().saturating_sub(2)..];
            last.iter().flat_map(|line| [line, "\n"]).collect()
        }
        _ => return None,
    };
    Some(printed)
}

async fn body(url: &str) -> String {
    answers::get(url).await.expect("an answer").1
}

/// A command line in words, as a shell takes it apart: quotes of both kinds, and no more.
pub(crate) fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in command.chars() {
        match quote {
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '\'' | '"') => quote = Some(letter),
            None if letter == ' ' => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn a_command_is_taken_apart_as_by_a_shell() {
    let command = r#"A=b grpcurl -d '{"name": "Ada"}' x "y z""#;
    assert_eq!(
        words(command),
        ["A=b", "grpcurl", "-d", r#"{"name": "Ada"}"#, "x", "y z"]
    );
}
