//! A script as Rust that can be pasted into a test.

use std::fmt::{Debug, Write};

use super::{Interruption, Options, Script};

/// The text of a test that runs this script with this interruption, and fails where the run breaks a rule.
///
/// ```
/// use kit_testing::script::{Interruption, Script, as_rust};
///
/// let text = as_rust("it_starts_and_stops", &Script::default(), &Interruption::none());
/// assert!(text.starts_with("#[test]\nfn it_starts_and_stops() {\n"));
/// ```
#[must_use]
pub fn as_rust(name: &str, script: &Script, interruption: &Interruption) -> String {
    let script = of_script(script);
    let interruption = literal(interruption);
    format!(
        "#[test]\n\
         fn {name}() {{\n\
         \x20   let script = {script};\n\
         \x20   let interruption = {interruption};\n\
         \x20   kit_testing::assert_holds(&script, &interruption);\n\
         }}\n"
    )
}

/// The text for debugging of these types is that of Rust but for its lists: there is no other bracket in it.
fn literal(value: &impl Debug) -> String {
    format!("{value:?}").replace('[', "vec![")
}

/// Each part in a line; lists without a value are left out.
fn of_script(script: &Script) -> String {
    let Script {
        options,
        servers,
        workers,
        jobs,
        hooks,
        resources,
        registries,
        checks,
        last_steps,
    } = script;
    let mut text = "Script {\n".to_owned();
    if *options != Options::default() {
        let _ = writeln!(text, "        options: {},", literal(options));
    }
    list(&mut text, "servers", servers);
    list(&mut text, "workers", workers);
    list(&mut text, "jobs", jobs);
    list(&mut text, "hooks", hooks);
    list(&mut text, "resources", resources);
    list(&mut text, "registries", registries);
    list(&mut text, "checks", checks);
    list(&mut text, "last_steps", last_steps);
    text.push_str("        ..Script::default()\n    }");
    text
}

fn list(text: &mut String, name: &str, parts: &[impl Debug]) {
    if parts.is_empty() {
        return;
    }
    let _ = writeln!(text, "        {name}: vec![");
    for part in parts {
        let _ = writeln!(text, "            {},", literal(part));
    }
    let _ = writeln!(text, "        ],");
}
