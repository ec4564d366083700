//! Running other programs: say what is run, stop at the first failure.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong, in words for the terminal.
pub type Done<T = ()> = Result<T, String>;

/// The repository's root: this package's parent.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package lies in the workspace").to_path_buf()
}

/// The cargo that runs this task.
pub fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program, run at the repository's root.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Runs to the end; anything but success is an error that names the command.
pub fn must(command: &mut Command) -> Done {
    eprintln!("$ {}", words(command));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` failed: {status}", words(command))),
        Err(error) => Err(format!("`{}` could not be started: {error}", words(command))),
    }
}

/// Runs quietly to the end and gives what it printed, or nothing if it failed.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as somebody would type it.
pub fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let args = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(program.to_string_lossy()).chain(args).collect::<Vec<_>>().join(" ")
}

/// Builds `proofroom` with the review app in it, in the profile that the tests use, and says where it lies.
pub fn build_proofroom() -> Done<PathBuf> {
    crate::web::build()?;
    must(cargo().args(["build", "--package", "proofroom-node"]))?;
    let metadata = output_of(cargo().args(["metadata", "--format-version=1", "--no-deps", "--offline"]))
        .ok_or("`cargo metadata` failed")?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).map_err(|e| e.to_string())?;
    let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    let binary = Path::new(target).join("debug").join(format!("proofroom{}", std::env::consts::EXE_SUFFIX));
    if binary.is_file() { Ok(binary) } else { Err(format!("{} was not built", binary.display())) }
}
