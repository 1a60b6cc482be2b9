//! A batch: an app of jobs only, which ends when the last of them has.
//!
//! ```text
//! printf 'tea 300\ncoffee 400\n' > /tmp/monday
//! printf 'tea 250\nmilk 120\n' > /tmp/tuesday
//! cargo run -p batch -- 1s /tmp/monday /tmp/tuesday; echo $?
//! ```
//!
//! Each file is a job, which adds up its orders, one in each second here. The exit code is 0 once all files are added
//! up. A line that is no order fails its job, which stops the app: the exit code is 1, and the other jobs end between
//! two orders. So they do at a SIGTERM. The exit code is 1 then as well, because a scheduler would take 0 for
//! "done". What a file has so far stands in its checkpoint, and the next run goes on there.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use kit::{App, BoxError, Context};
use tokio::fs;
use tokio::time::interval;

/// How far a file has been added up.
#[derive(Default)]
struct Sum {
    orders: usize,
    cents: u64,
}

impl Sum {
    fn file(orders: &Path) -> PathBuf {
        orders.with_added_extension("sum")
    }

    async fn load(orders: &Path) -> Result<Sum, BoxError> {
        let file = Sum::file(orders);
        let text = match fs::read_to_string(&file).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Sum::default()),
            text => text?,
        };
        let (orders, cents) = text.trim().split_once(' ').ok_or("no checkpoint")?;
        Ok(Sum {
            orders: orders.parse()?,
            cents: cents.parse()?,
        })
    }

    /// Written beside and renamed: a crash leaves the old one or the new one.
    async fn save(&self, orders: &Path) -> std::io::Result<()> {
        let (file, beside) = (Sum::file(orders), orders.with_added_extension("new"));
        fs::write(&beside, format!("{} {}\n", self.orders, self.cents)).await?;
        fs::rename(beside, file).await
    }
}

fn cents(order: &str) -> Option<u64> {
    order.split_once(' ')?.1.parse().ok()
}

/// The job of one file.
async fn add_up(ctx: Context, file: PathBuf, pace: Duration) -> Result<(), BoxError> {
    let name = file.display();
    let text = fs::read_to_string(&file).await;
    let text = text.map_err(|error| format!("{name}: {error}"))?;
    let mut sum = Sum::load(&file).await?;
    let mut pace = interval(pace);
    for (at, order) in text.lines().enumerate().skip(sum.orders) {
        let next = ctx.scope().token().run_until_cancelled(pace.tick());
        if next.await.is_none() {
            // After a failure elsewhere, or at a signal: this job has not done its work either.
            let all = text.lines().count();
            return Err(format!("{name}: stopped after {at} of {all} orders").into());
        }
        let cents =
            cents(order).ok_or_else(|| format!("{name}:{}: `{order}` is no order", at + 1))?;
        sum.orders += 1;
        sum.cents += cents;
        sum.save(&file).await?;
        tracing::info!(file = %name, order, "added");
    }
    tracing::info!(file = %name, orders = sum.orders, cents = sum.cents, "added up");
    Ok(())
}

/// The pace and the files.
fn parse(mut arguments: impl Iterator<Item = String>) -> Result<(Duration, Vec<String>), String> {
    let pace = arguments.next().unwrap_or_default();
    let files: Vec<_> = arguments.collect();
    match kit::units::parse_duration(&pace) {
        Err(_) | Ok(Duration::ZERO) => Err(format!("`{pace}` is no pace, such as 10ms")),
        // Without a job the app would wait for a signal.
        Ok(_) if files.is_empty() => Err("the pace is followed by at least one file".to_owned()),
        Ok(pace) => Ok((pace, files)),
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let (pace, files) = match parse(env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let app = files.into_iter().fold(App::builder("batch"), |app, file| {
        let path = PathBuf::from(&file);
        app.job(file, move |ctx| add_up(ctx, path.clone(), pace))
    });
    app.build().main()
}
