//! An enum that is an error itself: `?` would not know which way to go.

#[derive(Debug, kit::Reasons)]
enum OrderError {
    #[reason(code = 404)]
    OrderUnknown,
}

impl std::fmt::Display for OrderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unknown")
    }
}

impl std::error::Error for OrderError {}

fn main() {}
