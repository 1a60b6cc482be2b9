//! The text of axum's extractors that miss an entry in a request's extensions, and what to write
//! instead.

/// The beginning of what axum answers and its error says; a type's name stands between this and
/// [`END`].
const BEGINNING: &str = "Missing request extension: Extension of type `";
const END: &str = "` was not found";

/// The type that an extractor has not found, by its full name, in a text of axum's.
pub(crate) fn missing_type(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGINNING)?;
    let (name, _) = rest.split_once(END)?;
    Some(name)
}

/// What a handler's author writes instead of an extractor that finds no value of this type.
pub(crate) fn instead_of(name: &str) -> String {
    if name.starts_with("axum::extract::connect_info::ConnectInfo<") {
        return "take `Peer` as an argument, or build the server with \
                `http::Server::connect_info()`, which adds `ConnectInfo<SocketAddr>` for clients \
                that come by IP"
            .to_owned();
    }
    let inner = name.strip_prefix("alloc::sync::Arc<");
    let inner = inner.and_then(|inner| inner.strip_suffix('>'));
    let own = inner.unwrap_or(name);
    let last = own.rsplit("::").next().unwrap_or(own);
    if !own.starts_with("kit_") {
        return "add the value with `AppBuilder::extension` or a layer `Extension(value)`, or take it \
                as axum's `State`"
            .to_owned();
    }
    match last {
        "Scope" => "take `http::ServerScope` as an argument, which is an extractor".to_owned(),
        _ => {
            format!("take `{last}` itself as an argument, without `Extension`: it is an extractor")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        format!(
            "Missing request extension: Extension of type `{name}` was not found. Perhaps you \
             forgot to add it? See `axum::Extension`."
        )
    }

    #[test]
    fn a_type_is_found_in_a_text_of_axums_and_in_no_other() {
        assert_eq!(missing_type(&text("a::B<c::D>")), Some("a::B<c::D>"));
        assert_eq!(missing_type(&format!("E: {}", text("u8"))), Some("u8"));
        assert_eq!(missing_type("Missing request extension"), None);
        assert_eq!(missing_type(""), None);
    }

    #[test]
    fn each_old_way_has_a_new_one() {
        for (old, new) in [
            (
                "alloc::sync::Arc<kit_app::info::Info>",
                "take `Info` itself",
            ),
            ("kit_app::handle::AppHandle", "take `AppHandle` itself"),
            (
                "kit_transport::exchange::draining::Draining",
                "take `Draining` itself",
            ),
            ("kit_sync::tree::scope::Scope", "`http::ServerScope`"),
            (
                "axum::extract::connect_info::ConnectInfo<core::net::socket_addr::SocketAddr>",
                "`http::Server::connect_info()`",
            ),
            ("orders::Pool", "`AppBuilder::extension`"),
            ("alloc::sync::Arc<orders::Pool>", "`AppBuilder::extension`"),
        ] {
            let instead = instead_of(old);
            assert!(instead.contains(new), "{old}: {instead}");
        }
    }
}
