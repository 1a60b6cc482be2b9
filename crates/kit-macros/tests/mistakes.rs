//! What the compiler says of mistakes, and where.

#[test]
#[ignore = "builds its dependencies once more, which takes a minute"]
fn each_mistake_is_shown_at_its_place() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
