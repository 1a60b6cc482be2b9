//! From the settings of a program to its builder.

use crate::{AppBuilder, AppOptions};

/// An option for [`AppBuilder::apply`] that sets everything that `options` hold, such as those of a file;
/// see [`AppBuilder::options`].
///
/// ```
/// use kit_app::{App, AppOptions, from_settings};
///
/// let options = AppOptions { id: Some("orders-1".to_owned()), ..AppOptions::default() };
/// let app = App::builder("orders").apply(from_settings(&options)).build();
/// assert_eq!(app.handle().info().id(), "orders-1");
/// ```
pub fn from_settings(options: &AppOptions) -> impl FnOnce(AppBuilder) -> AppBuilder + '_ {
    |app| app.options(options)
}
