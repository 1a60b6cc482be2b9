//! What the compiler says of mistakes, and where.

#[test]
fn each_mistake_is_shown_at_its_place() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
