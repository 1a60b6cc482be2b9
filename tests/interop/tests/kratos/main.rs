//! Kit and Kratos, each as client and as server of the other. Run by `cargo xtask interop`, which
//! builds the programs of Kratos; without these, every test fails.

mod beside_kratos;
