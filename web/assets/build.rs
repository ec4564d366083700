//! Lists `web/dist` as a table of embedded files; an empty one if the app was not built.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut names: Vec<String> = fs::read_dir(&dist)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.ends_with(".br") && !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    let mut table = String::from("&[\n");
    for name in names {
        let path = dist.join(&name).display().to_string();
        writeln!(
            table,
            "File {{ name: {name:?}, bytes: include_bytes!({path:?}), brotli: include_bytes!({:?}) }},",
            format!("{path}.br")
        )
        .expect("a string takes text");
    }
    table.push(']');
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("table.rs"), table).expect("cargo's directory takes a file");
}
