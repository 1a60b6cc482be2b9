//! All tests, under a name by which `cargo xtask test --long` leaves them to `cargo xtask interop`.

mod cases;
mod fleet;
mod metadata;
mod ours;
mod registries;
mod theirs;
mod traces;
