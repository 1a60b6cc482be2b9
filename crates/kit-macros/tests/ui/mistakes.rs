//! All mistakes of an enum at once, each at its place.

#[derive(kit::Reasons)]
enum OrderError {
    Late,
    #[reason(code = 200)]
    Sent,
    #[reason(code = 404, mesage = "m")]
    Unknown,
    #[reason(code = 404)]
    Number(u64),
}

fn main() {}
