//! Settings that are loaded anew while the service runs: at a SIGHUP, and when their file has changed.
//!
//! ```text
//! cargo run -p reload -- --config examples/11_reload/config/shop.toml
//! curl http://127.0.0.1:8000/prices
//! sed -i 's/tea = 300/tea = 250/' examples/11_reload/config/shop.toml
//! curl http://127.0.0.1:8000/prices
//! ```
//!
//! What a reload may change is [`Live`]. The price list is made of it by a subscriber, once for each reload and not
//! for each request, and swapped in one step. A file that is wrong changes nothing: the log has each mistake with its
//! line, and the service goes on with what it had. So it does when the subscriber refuses.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use axum::{Router, routing::get};
use clap::Parser;
use kit::sync::Published;
use kit::{App, Listen, http};
use kit_config::{ConfigArgs, Live, Reloader, Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Shop {
    /// Where the service listens. Not live: a change needs a restart, and the log says so.
    http: Listen,
    /// Percent that are taken off each price.
    #[schemars(range(max = 100))]
    discount: Live<u32>,
    /// What each thing costs, in cents.
    prices: Live<BTreeMap<String, u32>>,
}

impl Default for Shop {
    fn default() -> Shop {
        Shop {
            http: "127.0.0.1:8000".into(),
            discount: Live(0),
            prices: Live::default(),
        }
    }
}

impl Rules for Shop {}

/// What the service works with, made from the settings.
fn price_list(shop: &Shop) -> Result<String, String> {
    let percent = 100 - u64::from(*shop.discount);
    let line = |(item, cents): (&String, &u32)| match u64::from(*cents) * percent / 100 {
        0 if *cents > 0 => Err(format!(
            "a discount of {} makes {item} free",
            *shop.discount
        )),
        cents => Ok(format!("{item} {cents}\n")),
    };
    shop.prices.iter().map(line).collect()
}

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let reloader = match Args::parse().config.load(Settings::<Shop>::new()) {
        Ok(loaded) => Reloader::new(loaded),
        Err(code) => return code,
    };
    let shop = reloader.current().load();
    let prices = match price_list(&shop) {
        Ok(list) => Arc::new(Published::<String>::new(list)),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };

    let swapped = Arc::clone(&prices);
    reloader.subscribe("price list", move |_old, new: &Shop| {
        // An error here refuses the reload, and nothing has to be undone.
        let list = price_list(new)?;
        let prices = Arc::clone(&swapped);
        // Called once all subscribers have agreed.
        Ok::<_, String>(move || {
            prices.store(list);
            tracing::info!("new price list");
        })
    });

    let list = async move || prices.load().to_string();
    App::builder("reload")
        .server(http::Server::new(
            shop.http.clone(),
            Router::new().route("/prices", get(list)),
        ))
        .apply(reloader.option())
        .build()
        .main()
}
