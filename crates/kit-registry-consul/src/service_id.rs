//! The ids of services in Consul, which are unique at an agent and not only in one service.

use kit_registry::{ServiceInstance, ServiceName};

/// The id of an instance's entry: `name:id`, so that two services at one agent may have instances of
/// one id. Consul takes two ids for the same that differ by case alone, and cleans paths: characters
/// other than `a` to `z`, digits, `-`, `_` and `.` are written as `~` with their bytes in hex.
pub(crate) fn service_id(instance: &ServiceInstance) -> String {
    format!(
        "{}:{}",
        escaped(instance.name().as_str()),
        escaped(instance.id())
    )
}

/// The instance's id in the id of an entry that Kit has written.
pub(crate) fn id_in(service_id: &str, name: &ServiceName) -> Option<String> {
    let rest = service_id.strip_prefix(&escaped(name.as_str()))?;
    unescaped(rest.strip_prefix(':')?)
}

/// The name of a service as it is written in Consul. Newer agents decode paths twice, and so would take a
/// `%` in a name for another character.
pub(crate) fn service_name(name: &ServiceName) -> String {
    name.as_str().replace('~', "~7e").replace('%', "~25")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => escaped.push(byte.into()),
            _ => escaped.push_str(&format!("~{byte:02x}")),
        }
    }
    escaped
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'~' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let (hex, after) = after.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(name: &str, id: &str) -> ServiceInstance {
        ServiceInstance::builder(id, name).build().unwrap()
    }

    #[test]
    fn an_id_is_found_again_and_no_two_are_the_same() {
        for (name, id, written) in [
            ("hello", "7f3a-1", "hello:7f3a-1"),
            ("hello", "A é", "hello:~41~20~c3~a9"),
            ("a:b", "c", "a~3ab:c"),
            ("a", "b:c", "a:b~3ac"),
            ("n", "..", "n:.."),
            ("n", "~", "n:~7e"),
        ] {
            let instance = instance(name, id);
            assert_eq!(service_id(&instance), written);
            assert_eq!(id_in(written, instance.name()).as_deref(), Some(id));
        }
        let name = "hello".parse().unwrap();
        for foreign in ["7f3a", "helloworld:1", "hello:~zz"] {
            assert_eq!(id_in(foreign, &name), None, "{foreign}");
        }
    }
}
