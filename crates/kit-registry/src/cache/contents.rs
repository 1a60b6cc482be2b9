//! What stands in a file: a line about it, then one line for each instance, in the JSON of registries.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ServiceInstance, ServiceName};

/// The form of the file. Another one is not read.
const FORM: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    kit_cache: u32,
    registry: String,
    service: String,
    /// The number of lines that follow: a file that was cut is recognized.
    instances: usize,
}

/// The contents of a file.
pub(super) fn write(
    registry: &str,
    service: &ServiceName,
    instances: &[Arc<ServiceInstance>],
) -> serde_json::Result<Vec<u8>> {
    let head = Head {
        kit_cache: FORM,
        registry: registry.to_owned(),
        service: service.as_str().to_owned(),
        instances: instances.len(),
    };
    let mut written = serde_json::to_vec(&head)?;
    written.push(b'\n');
    for instance in instances {
        written.extend_from_slice(instance.to_json().as_bytes());
        written.push(b'\n');
    }
    Ok(written)
}

/// The instances in a file.
///
/// # Errors
/// In one line, for a remark.
pub(super) fn read(
    written: &[u8],
    registry: &str,
    service: &ServiceName,
) -> Result<Vec<Arc<ServiceInstance>>, String> {
    let mut lines = written.split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let head: Head = serde_json::from_slice(head).map_err(|error| format!("line 1: {error}"))?;
    if head.kit_cache != FORM {
        return Err(format!("it has the form {}, not {FORM}", head.kit_cache));
    }
    if head.registry != registry || head.service != service.as_str() {
        let Head {
            registry, service, ..
        } = head;
        return Err(format!("it is about {service:?} in {registry}"));
    }
    if written.last() != Some(&b'\n') {
        return Err("its last line is cut".to_owned());
    }
    let lines = lines.filter(|line| !line.is_empty()).zip(2..);
    let instances = lines.map(|(line, number)| {
        let instance = ServiceInstance::from_json(line);
        let instance = instance.map_err(|error| format!("line {number}: {}", error.chain()))?;
        if instance.name() != service {
            return Err(format!("line {number}: it is {instance}"));
        }
        Ok(Arc::new(instance))
    });
    let instances: Vec<_> = instances.collect::<Result<_, _>>()?;
    if instances.len() != head.instances {
        let (found, expected) = (instances.len(), head.instances);
        return Err(format!("it has {found} instances, not {expected}"));
    }
    Ok(instances)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instances() -> Vec<Arc<ServiceInstance>> {
        let instance = |id: &str| {
            let instance = ServiceInstance::builder(id, "n").metadata("k", "<é>\n");
            Arc::new(instance.build().unwrap())
        };
        vec![instance("1"), instance("2\u{2028}")]
    }

    #[test]
    fn a_list_is_read_as_it_was_written_and_every_cut_is_seen() {
        let service = "n".parse().unwrap();
        for instances in [instances(), Vec::new()] {
            let written = write("etcd://h:1", &service, &instances).unwrap();
            assert_eq!(read(&written, "etcd://h:1", &service).unwrap(), instances);
            for cut in 0..written.len() {
                read(&written[..cut], "etcd://h:1", &service).unwrap_err();
            }
        }
    }

    #[test]
    fn a_file_about_something_else_is_refused_in_one_line() {
        let service = "n".parse().unwrap();
        let written = write("etcd://h:1", &service, &instances()).unwrap();
        let refused = |bytes: &[u8], registry, name: &str| {
            read(bytes, registry, &name.parse().unwrap()).unwrap_err()
        };
        assert_eq!(
            refused(&written, "etcd://h:2", "n"),
            r#"it is about "n" in etcd://h:1"#
        );
        assert_eq!(
            refused(&written, "etcd://h:1", "m"),
            r#"it is about "n" in etcd://h:1"#
        );
        let text = String::from_utf8(written.clone()).unwrap();
        let other = text.replace(r#""name":"n""#, r#""name":"m""#);
        assert_eq!(
            refused(other.as_bytes(), "etcd://h:1", "n"),
            "line 2: it is m/1"
        );
        let later = text.replace(r#""kit_cache":1"#, r#""kit_cache":2"#);
        assert_eq!(
            refused(later.as_bytes(), "etcd://h:1", "n"),
            "it has the form 2, not 1"
        );
        let fewer = text.replace(r#""instances":2"#, r#""instances":3"#);
        assert_eq!(
            refused(fewer.as_bytes(), "etcd://h:1", "n"),
            "it has 2 instances, not 3"
        );
    }
}
