//! The size of a binary with the same servers, and the time of its build from nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::Result;
use crate::bench::stats::ratio;
use crate::bench::table::{Figures, Row};
use crate::bench::transport::programs::{self, Allocator};
use crate::bench::{Options, folder};
use crate::cargo::{cargo, command, run};
use crate::server::Program;

const KIT: &str = "bench-plain";
/// Axum and tonic, the crates that Kit's servers are made of.
const FLOOR: &str = "bench-floor";

type Build = fn() -> Result<Program>;

const PEERS: [(&str, Build); 4] = [
    ("floor", || programs::floor(Allocator::System)),
    ("equal", || programs::equal(Allocator::System)),
    ("tokio-graceful-shutdown", programs::subsystems),
    ("Kratos", programs::kratos),
];

/// Of a binary, in MiB.
struct Size {
    whole: f64,
    stripped: f64,
}

type Figure = fn(&Size) -> f64;

/// Files do not vary: each is looked at once.
pub(super) fn binaries(options: &Options) -> Result<Vec<Row>> {
    let kit = size(&programs::kit(Allocator::System)?.binary)?;
    let mut rows = Vec::new();
    for (name, build) in PEERS {
        let figures: [(&str, Figure); 2] = [
            ("binary", |size| size.whole),
            ("stripped binary", |size| size.stripped),
        ];
        let peer = build().and_then(|program| size(&program.binary));
        if let Err(why) = &peer {
            eprintln!("xtask: NOT MEASURED: binary of {name}: {why}");
        }
        for (what, figure) in figures {
            let against = |peer: &Size| {
                let ours = if options.control { peer } else { &kit };
                Figures::of(figure(peer), figure(ours), 1.0)
            };
            rows.push(Row {
                name: format!("{what}: Kit / {name}, MiB"),
                figures: peer.as_ref().map(against).map_err(ToString::to_string),
                bar: None,
            });
        }
    }
    Ok(rows)
}

fn size(binary: &Path) -> Result<Size> {
    let stripped = folder()?.join("stripped");
    run(command("strip").arg("-o").arg(&stripped).arg(binary))?;
    let mebibytes =
        |path: &Path| -> Result<f64> { Ok(fs::metadata(path)?.len() as f64 / (1024.0 * 1024.0)) };
    let size = Size {
        whole: mebibytes(binary)?,
        stripped: mebibytes(&stripped)?,
    };
    fs::remove_file(stripped)?;
    Ok(size)
}

/// The floor, Kit, and the floor once more, each into an empty folder. What cargo downloads is there before.
pub(super) fn builds(options: &Options) -> Result<Vec<Row>> {
    let ours = if options.control { FLOOR } else { KIT };
    let (peer, ours, again) = (clean(FLOOR)?, clean(ours)?, clean(FLOOR)?);
    Ok(vec![Row {
        name: "clean release build: Kit / floor, s".to_owned(),
        figures: Ok(Figures::of(peer, ours, ratio(again, peer))),
        bar: None,
    }])
}

/// In seconds.
fn clean(package: &str) -> Result<f64> {
    let folder = CleanFolder::new()?;
    run(cargo().args(["fetch", "--locked"]))?;
    println!("==> clean release build of {package}");
    let begun = Instant::now();
    run(cargo()
        .args([
            "build",
            "--release",
            "--locked",
            "-p",
            package,
            "--target-dir",
        ])
        .arg(&folder.0))?;
    Ok(begun.elapsed().as_secs_f64())
}

/// A target folder, empty at first and gone afterwards.
struct CleanFolder(PathBuf);

impl CleanFolder {
    fn new() -> Result<CleanFolder> {
        let folder = folder()?.join("clean");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        Ok(CleanFolder(folder))
    }
}

impl Drop for CleanFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: could not remove {}: {error}", self.0.display());
        }
    }
}
