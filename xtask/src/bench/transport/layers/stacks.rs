//! The stacks that are measured, as `bench-layers` names them.

use crate::server::Program;

/// One stack, and its counterpart.
pub(super) struct Stack {
    /// In the table.
    pub(super) name: &'static str,
    /// On the command line.
    layers: &'static str,
    sides: Sides,
    /// The level of the subscriber, if it is another than `warn`.
    log: Option<&'static str>,
    /// The stack of Kit's against which its allocations have a bar, and how many more it may have.
    pub(super) allocations: Option<(&'static str, f64)>,
    /// It stands for the layers that most services have, and has bars on instructions.
    pub(super) is_standard: bool,
}

/// Where there is such a stack.
#[derive(Clone, Copy)]
enum Sides {
    Kit,
    Both,
}

impl Stack {
    const fn new(layers: &'static str, sides: Sides) -> Stack {
        Stack {
            name: layers,
            layers,
            sides,
            log: None,
            allocations: None,
            is_standard: false,
        }
    }

    const fn at_most(mut self, more: f64, than: &'static str) -> Stack {
        self.allocations = Some((than, more));
        self
    }

    const fn standard(mut self) -> Stack {
        self.is_standard = true;
        self
    }

    /// The same stack, with this level logged.
    const fn logged(mut self, name: &'static str, level: &'static str) -> Stack {
        self.name = name;
        self.log = Some(level);
        self
    }

    /// The rows of all others are compared with it.
    pub(super) fn is_base(&self) -> bool {
        matches!(self.name, "none" | "empty")
    }

    pub(super) fn kit(&self, program: &Program) -> Program {
        self.program(program, "kit", true)
    }

    pub(super) fn usual(&self, program: &Program) -> Option<Program> {
        let is_there = matches!(self.sides, Sides::Both);
        is_there.then(|| self.program(program, "tower", false))
    }

    fn program(&self, program: &Program, side: &str, stops_cleanly: bool) -> Program {
        let mut arguments = program.arguments.clone();
        arguments.extend(["--side", side, "--layers", self.layers].map(Into::into));
        arguments.extend(
            self.log
                .iter()
                .flat_map(|level| ["--log", level])
                .map(Into::into),
        );
        Program {
            name: program.name,
            binary: program.binary.clone(),
            arguments,
            stops_cleanly,
        }
    }
}

/// A layer that does nothing for a request has no allocation beyond the empty stack's, nor have five of
/// them; over HTTP the empty stack has three beyond a server without layers. An access log of which `warn`
/// is logged follows each response to its end, which may be a failure: that is one.
pub(super) const STACKS: &[Stack] = &[
    Stack::new("none", Sides::Both),
    Stack::new("empty", Sides::Both).at_most(3.0, "none"),
    Stack::new("five", Sides::Both).at_most(0.0, "empty"),
    Stack::new("on", Sides::Kit).at_most(0.0, "empty"),
    Stack::new("deadline", Sides::Both).at_most(0.0, "empty"),
    Stack::new("concurrency", Sides::Both),
    Stack::new("authenticate", Sides::Both),
    Stack::new("except", Sides::Kit).at_most(0.0, "empty"),
    Stack::new("authorize", Sides::Kit).at_most(0.0, "authenticate"),
    Stack::new("metadata", Sides::Kit).at_most(0.0, "empty"),
    Stack::new("rate-limit", Sides::Kit).at_most(0.0, "empty"),
    Stack::new("token", Sides::Kit),
    Stack::new("jwt-hs256", Sides::Kit),
    Stack::new("jwt-es256", Sides::Kit),
    Stack::new("request-id", Sides::Both),
    Stack::new("trace", Sides::Both).at_most(0.0, "empty"),
    Stack::new("trace", Sides::Both).logged("trace, logged", "info"),
    Stack::new("access-log", Sides::Both)
        .logged("access-log, off", "off")
        .at_most(0.0, "empty"),
    Stack::new("access-log", Sides::Both).at_most(1.0, "empty"),
    Stack::new("access-log", Sides::Both).logged("access-log, logged", "info"),
    Stack::new("metrics", Sides::Both),
    Stack::new("six", Sides::Both),
    Stack::new("six", Sides::Both).logged("six, logged", "info"),
    Stack::new("standard", Sides::Both),
    Stack::new("standard", Sides::Both).logged("standard, logged", "info"),
    Stack::new("standard-limited", Sides::Both).standard(),
];
