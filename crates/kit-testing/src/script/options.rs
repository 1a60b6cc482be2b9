//! The limits of a scripted app.

/// The limits of an app, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The whole stop.
    pub stop: u64,
    /// The starts of one phase, and each `open`.
    pub start: u64,
    /// Each hook of the start.
    pub hook: u64,
    /// Each hook of a reload.
    pub reload: u64,
    /// The latches.
    pub gate: u64,
    /// The wait for the registries.
    pub register: u64,
    /// The drain delay; `None` is that of the profile.
    pub drain_delay: Option<u64>,
    /// Whether the start does not wait for the registries.
    pub background: bool,
    /// When a reload is asked for, counted from the beginning of the run: what interrupts the app then finds a reload.
    pub reloads_at: Option<u64>,
    /// When the app is stopped at the latest, counted from the beginning of the run.
    pub ends_at: u64,
    /// What the random parts of delays are made from.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            stop: 20_000,
            start: 15_000,
            hook: 300_000,
            reload: 30_000,
            gate: 300_000,
            register: 8_000,
            drain_delay: Some(0),
            background: false,
            reloads_at: None,
            ends_at: 10_000,
            seed: 0,
        }
    }
}
