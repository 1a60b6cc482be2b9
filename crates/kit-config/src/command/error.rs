//! Mistakes with the flags of settings.

/// A mistake with the flags of settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFlagsError {
    /// The program has a flag of this name itself. It has to be renamed, or the setting goes without a flag
    /// ([`KeyFlags::without`](super::KeyFlags::without)).
    #[error(
        "the flag --{flag} of the setting `{key}` is a flag of the program already; rename that one, or \
         leave the setting's out by `without({key:?})`"
    )]
    Conflict {
        /// The name of the flag, without dashes.
        flag: String,
        /// The key of the setting.
        key: String,
    },
    /// A secret was given by a flag.
    #[error(
        "--{key} is refused: `{key}` is a secret, and the command line is visible to all users of the \
         machine; write it as ${{file:…}} into a configuration file, or take a variable"
    )]
    Secret {
        /// The key of the setting.
        key: String,
    },
}
