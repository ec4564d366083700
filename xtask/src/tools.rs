//! What the tasks need beyond cargo, and how it gets onto this machine.

use std::path::PathBuf;

use crate::run::{Done, cargo, must, output_of, program, root};

/// Pinned, so that a fresh machine runs what the others run.
const NEXTEST: (&str, &str) = ("cargo-nextest", "0.9.143");
const DENY: (&str, &str) = ("cargo-deny", "0.20.2");
const FUZZ: (&str, &str) = ("cargo-fuzz", "0.13.1");
const MUTANTS: (&str, &str) = ("cargo-mutants", "27.1.0");

const PYTHON_PACKAGES: &[(&str, &str)] =
    &[("blake3", "1.0.11"), ("cryptography", "50.0.2"), ("pdfua", "0.1.3"), ("pikepdf", "10.18.0")];

/// Programs that the whole-process tests run: what proves that one is there,
/// and the Debian package that brings it.
const PROGRAMS: &[(&[&[&str]], &str, &str)] = &[
    (&[&["ffmpeg", "-version"]], "ffmpeg version", "ffmpeg"),
    // Another program may call itself `convert`: ask each who it is.
    (
        &[&["convert-im6.q16", "-version"], &["magick", "-version"], &["convert", "-version"]],
        "Version: ImageMagick",
        "imagemagick",
    ),
    (&[&["strings", "--version"]], "GNU strings", "binutils"),
    (&[&["unzip", "-v"]], "UnZip", "unzip"),
    (&[&["ip", "-V"]], "ip utility", "iproute2"),
    (&[&["openssl", "version"]], "OpenSSL", "openssl"),
    (&[&["node", "--version"]], "v", "nodejs"),
    (&[&["npm", "--version"]], "", "npm"),
    (&[&["chromium", "--version"]], "Chromium", "chromium"),
    (&[&["fc-match", "sans"]], "", "fonts-dejavu-core"),
    (&[&["python3", "-m", "venv", "--help"]], "usage", "python3-venv"),
];

/// `${XDG_CACHE_HOME:-$HOME/.cache}/proofroom`: tools are built once, beside no checkout.
fn cache() -> Done<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("XDG_CACHE_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("proofroom"))
        .ok_or_else(|| "neither XDG_CACHE_HOME nor HOME is set".into())
}

/// A cargo subcommand's binary: on the path, in the cache, or installed there now.
fn cargo_tool((name, version): (&str, &str)) -> Done<PathBuf> {
    let cached = cache()?.join("bin").join(name);
    for candidate in [PathBuf::from(name), cached.clone()] {
        if output_of(program(&candidate).arg("--version")).is_some() {
            return Ok(candidate);
        }
    }
    let root = cache()?;
    must(cargo().args(["install", "--locked", name, "--version", version, "--root"]).arg(&root))?;
    Ok(cached)
}

/// The test runner.
pub fn nextest() -> Done<PathBuf> {
    cargo_tool(NEXTEST)
}

/// The checker of licences and advisories.
pub fn deny() -> Done<PathBuf> {
    cargo_tool(DENY)
}

/// What alters the code, and looks whether a test notices.
pub fn mutants() -> Done<PathBuf> {
    cargo_tool(MUTANTS)
}

/// The driver of the fuzzer.
pub fn fuzzer() -> Done<PathBuf> {
    cargo_tool(FUZZ)
}

/// Installs the Debian packages that are missing, or says which to install.
pub fn system_programs() -> Done {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(asks, says, _)| !present(asks, says))
        .map(|(_, _, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = output_of(program("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let has_apt = output_of(program("apt-get").arg("--version")).is_some();
    if !(is_root && has_apt) {
        return Err(format!(
            "the tests need programs that are not here; install them and run this again:\n  \
             sudo apt-get install --no-install-recommends {}",
            missing.join(" ")
        ));
    }
    must(program("apt-get").args(["update", "-qq"]))?;
    must(
        program("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "--yes", "-qq", "--no-install-recommends"])
            .args(&missing),
    )
}

fn present(asks: &[&[&str]], says: &str) -> bool {
    asks.iter().any(|ask| {
        output_of(program(ask[0]).args(&ask[1..])).is_some_and(|answer| answer.trim_start().starts_with(says))
    })
}

/// The npm packages that the tests open our exports with.
pub fn node_modules() -> Done {
    let tests = root().join("tests");
    // npm writes this file last; older than the lock means not this lock's modules.
    let installed = tests.join("node_modules/.package-lock.json").metadata().and_then(|m| m.modified());
    let locked = tests.join("package-lock.json").metadata().and_then(|m| m.modified());
    match (installed, locked) {
        (Ok(installed), Ok(locked)) if installed >= locked => Ok(()),
        _ => must(program("npm").arg("ci").arg("--no-fund").arg("--no-audit").current_dir(tests)),
    }
}

/// A Python of its own in the cache, with the packages that `tests/verify.py` and `tests/archival.py` need.
pub fn python() -> Done {
    let home = cache()?.join("python");
    let python = home.join("bin/python3");
    let wanted: Vec<String> =
        PYTHON_PACKAGES.iter().map(|(name, version)| format!("{name}=={version}")).collect();
    let held = output_of(program(&python).args(["-m", "pip", "freeze"])).unwrap_or_default();
    if wanted.iter().all(|package| held.lines().any(|line| line == package)) {
        return Ok(());
    }
    must(program("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    must(
        program(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(&wanted),
    )
}

/// Adds the browser's target where rustup manages the toolchain.
pub fn wasm_target() -> Done {
    must(program("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
}
