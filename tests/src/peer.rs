//! A person at a terminal: a home directory, and the built program run in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The built `proofroom`, beside this test's own folder of the target directory.
///
/// # Panics
/// When it was not built: `cargo xtask test` builds it first.
pub fn proofroom() -> PathBuf {
    let this = std::env::current_exe().expect("a test knows its own file");
    let profile = this.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps");
    let binary = profile.join(format!("proofroom{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.is_file(), "{} is missing: run `cargo build -p proofroom-node`", binary.display());
    binary
}

/// A person with a home of their own.
pub struct Peer {
    home: PathBuf,
    /// The network namespace of their machine; the test's own where there is none.
    net: Option<String>,
}

/// The built program, to be started in a network namespace, or in the test's own.
pub fn in_namespace(net: Option<&str>) -> Command {
    let Some(net) = net else { return Command::new(proofroom()) };
    let mut command = Command::new("ip");
    command.args(["netns", "exec", net]).arg(proofroom());
    command
}

/// How a command that should fail did fail.
#[derive(Debug)]
pub struct Refusal {
    /// The exit code, never 0.
    pub code: i32,
    /// What was printed: the error and its hint.
    pub said: String,
}

impl Peer {
    /// A person whose home will be in a folder. Nothing is made yet.
    pub fn at(world: &Path, name: &str) -> Self {
        Self { home: world.join(name), net: None }
    }

    /// The same person at a machine with a network of its own.
    pub fn in_namespace(self, name: &str) -> Self {
        Self { net: Some(name.to_owned()), ..self }
    }

    /// Where this person's files are.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A command of this person's, not started yet: `--json`, and nothing from the environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = in_namespace(self.net.as_deref());
        command.arg("--home").arg(&self.home).arg("--json").args(args);
        command.env_remove("PROOFROOM_HOME").env_remove("PROOFROOM_PASSPHRASE").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, whatever that is.
    pub fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap_or_else(|e| panic!("proofroom {args:?} did not start: {e}"))
    }

    /// Runs a command that must succeed, and gives the JSON that it printed.
    ///
    /// # Panics
    /// When it fails, with all it said.
    pub fn run(&self, args: &[&str]) -> Value {
        let output = self.output(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "proofroom {args:?}: {}\n{out}{err}", output.status);
        serde_json::from_str(&out)
            .unwrap_or_else(|e| panic!("proofroom {args:?} printed no JSON ({e}): {out}{err}"))
    }

    /// Makes this the machine of Ada, restored from her phrase.
    ///
    /// # Panics
    /// When that fails.
    pub fn recover(&self, phrase: &str) {
        let mut command = self.command(&["recover", "--name", "Ada Ackermann", "--org", "Studio Nord"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("proofroom starts");
        let mut input = child.stdin.take().expect("stdin was asked to be piped");
        input.write_all(phrase.as_bytes()).expect("it reads the phrase");
        drop(input);
        assert!(child.wait().expect("it ends").success());
    }

    /// Runs a command that must fail, and gives how.
    ///
    /// # Panics
    /// When it succeeds, panics, or is ended by a signal.
    pub fn refused(&self, args: &[&str]) -> Refusal {
        let output = self.output(args);
        let said = text(&output.stdout) + &text(&output.stderr);
        let code =
            output.status.code().unwrap_or_else(|| panic!("proofroom {args:?}: {}\n{said}", output.status));
        assert!(code != 0, "proofroom {args:?} succeeded: {said}");
        assert!(!said.contains("panicked at"), "proofroom {args:?} panicked: {said}");
        Refusal { code, said }
    }
}

impl Refusal {
    /// The refusal names every one of these words, in whatever case.
    ///
    /// # Panics
    /// When one is missing.
    #[track_caller]
    pub fn names(&self, words: &[&str]) -> &Self {
        let said = self.said.to_lowercase();
        for word in words {
            assert!(said.contains(&word.to_lowercase()), "`{word}` is not named in: {}", self.said);
        }
        self
    }
}

/// A field that must be a string.
#[track_caller]
pub fn string(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {value}")).to_owned()
}

/// A field that must be a list.
#[track_caller]
pub fn list<'a>(value: &'a Value, field: &str) -> &'a Vec<Value> {
    value[field].as_array().unwrap_or_else(|| panic!("no list `{field}` in {value}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
