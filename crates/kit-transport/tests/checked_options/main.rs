//! What `check` says of options is what the start of a server says of them.

mod layers;
mod rows;
mod servers;
mod tree;
