//! Reloads of a program that reads its command line with clap.

use clap::Parser;
use kit_config::{ConfigArgs, KeyFlags, Reloader, Settings};

use crate::home::{Folder, Orders};

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

/// All that the command line has said counts at each reload: the file, `--set`, and the flag of a setting.
#[tokio::test]
async fn the_command_line_counts_at_each_reload() {
    let folder = Folder::with(&[("orders.toml", "[limits]\nlow = 5\nhigh = 50\n")]);
    let file = folder.path("orders.toml");
    let file = file.to_str().expect("UTF-8");
    let given = ["--config", file, "--set", "limits.low=7", "--note", "given"];
    let given = ["orders"].into_iter().chain(given);
    let parsed = KeyFlags::new().parse_from::<Args, _>(given, Settings::<Orders>::new());
    let (args, settings) = parsed.expect("right flags");
    let reloader = Reloader::new(args.config.load(settings).expect("right settings"));
    folder.write(
        "orders.toml",
        "note = \"written\"\n[limits]\nlow = 6\nhigh = 60\n",
    );
    let reloaded = reloader.reload().await.expect("it is well");
    let changed: Vec<_> = reloaded.changed.iter().map(ToString::to_string).collect();
    assert_eq!(changed, ["limits.high: 50 -> 60"]);
    let settings = reloader.current().load();
    assert_eq!((settings.limits.low, settings.limits.high), (7, 60));
    let note = settings.note.as_deref().map(String::as_str);
    assert_eq!(note, Some("given"));
}
