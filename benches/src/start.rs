//! How long the built command line takes on a large workspace and on an empty one.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::tempdir;

use crate::clock::{median, report, short, timed};
use crate::program::call;

const RUNS: usize = 21;

fn home(folder: &Path, assets: usize) -> PathBuf {
    let home = folder.join(format!("home-{assets}"));
    call(&home, &["init", "--name", "Ada Ackermann", "--org", "Studio Nord"]);
    call(&home, &["workspace", "create", "Spring campaign"]);
    for i in 0..assets {
        let file = folder.join(format!("copy-{i}.md"));
        std::fs::write(&file, format!("# Copy {i}\n")).expect("room for a file");
        let file = file.display().to_string();
        call(&home, &["asset", "add", &file, "--name", &format!("Copy {i}"), "--category", "written"]);
    }
    home
}

pub fn run(assets: usize) {
    let folder = tempdir().expect("a temporary folder");
    let (empty, full) = (home(folder.path(), 0), home(folder.path(), assets));
    for args in [["members", "list"].as_slice(), &["asset", "list"], &["status"]] {
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            small.push(timed(|| call(&empty, args)).0);
            large.push(timed(|| call(&full, args)).0);
        }
        let (small, large) = (median(&small), median(&large));
        report(&json!({
            "bench": "start", "command": args.join(" "), "assets": assets, "runs": RUNS,
            "empty_ms": short(small), "full_ms": short(large), "more_ms": short(large - small),
        }));
    }
}
