//! Tokens and keys: of OpenSSL's and the RFC's, of a signer here, and of an attacker.

mod keys;
mod mutants;
mod signer;
mod tokens;
