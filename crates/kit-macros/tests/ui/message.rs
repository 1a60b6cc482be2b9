//! A message that names what is no field.

#[derive(kit::Reasons)]
enum OrderError {
    #[reason(code = 404, message = "there is no order {number}")]
    OrderUnknown { id: u64 },
    #[reason(code = 409, message = "the error is {error}")]
    AlreadySent,
}

fn main() {}
