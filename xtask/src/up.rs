//! `cargo xtask up`: from a clone to a running relay and a workspace.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use clap::Args;
use serde_json::Value;

use crate::run::{Done, build_proofroom, must, words};

/// A relay on loopback, an identity and a workspace if there is none, and a link.
#[derive(Args)]
pub struct Up {
    /// The relay's port on 127.0.0.1; 0 lets the system choose
    #[arg(long, default_value_t = 4747)]
    port: u16,
}

impl Up {
    /// Builds, starts, prints, and runs until it is interrupted.
    pub fn run(self) -> Done {
        let here = Here { binary: build_proofroom()?, home: home()? };
        here.identity()?;
        let (mut relay, address) = here.relay(self.port)?;
        let ready = here.workspace(&address).and_then(|()| here.invite());
        let link = match ready {
            Ok(link) => link,
            Err(what) => {
                // The relay must not outlive the task that started it.
                let _ = relay.kill();
                let _ = relay.wait();
                return Err(what);
            }
        };
        println!("{}", here.what_next(&address, &link));
        // Ctrl-C reaches the relay as well; it finishes its writes and ends.
        let status = relay.wait().map_err(|e| format!("the relay was lost: {e}"))?;
        if status.success() { Ok(()) } else { Err(format!("the relay ended: {status}")) }
    }
}

struct Here {
    binary: PathBuf,
    home: PathBuf,
}

/// `PROOFROOM_HOME`, else `${XDG_DATA_HOME:-~/.local/share}/proofroom`, as the program itself chooses.
fn home() -> Done<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("PROOFROOM_HOME")
        .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("proofroom")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/proofroom")))
        .ok_or_else(|| "none of PROOFROOM_HOME, XDG_DATA_HOME and HOME is set".into())
}

impl Here {
    fn proofroom(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--home").arg(&self.home).args(args);
        command
    }

    /// Starts the relay and waits until it says where it listens.
    fn relay(&self, port: u16) -> Done<(Child, String)> {
        let data = self.home.join("relay");
        let listen = format!("127.0.0.1:{port}");
        let mut command = self.proofroom(&["--json", "relay", "--listen", &listen, "--data"]);
        command.arg(&data).stdout(Stdio::piped());
        eprintln!("$ {}", words(&command));
        let mut relay = command.spawn().map_err(|e| format!("the relay could not be started: {e}"))?;
        let output = relay.stdout.take().expect("stdout was asked to be piped");
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line).map_err(|e| e.to_string())?;
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        match said["url"].as_str() {
            Some(url) => Ok((relay, url.to_owned())),
            None if read == 0 => {
                let status = relay.wait().map_err(|e| e.to_string())?;
                Err(format!(
                    "the relay did not start on {listen}: {status}; is another one running? try --port"
                ))
            }
            None => Err(format!("the relay said something else than where it listens: {line}")),
        }
    }

    /// Before the relay: an identity is made in an empty home only.
    fn identity(&self) -> Done {
        if self.home.join("identity.json").exists() {
            return Ok(());
        }
        let name = std::env::var("USER").unwrap_or_else(|_| "Me".into());
        must(&mut self.proofroom(&["init", "--name", &name, "--org", "Local"]))
    }

    fn workspace(&self, relay: &str) -> Done {
        let list = self.json(&["workspace", "list"])?;
        if list["workspaces"].as_array().is_none_or(Vec::is_empty) {
            must(&mut self.proofroom(&["workspace", "create", "First workspace", "--relay", relay]))?;
        }
        must(&mut self.proofroom(&["sync"]))
    }

    fn invite(&self) -> Done<String> {
        let invite = self.json(&["invite", "--role", "reviewer", "--uses", "5", "--expires", "7d"])?;
        must(&mut self.proofroom(&["sync"]))?;
        invite["link"].as_str().map(str::to_owned).ok_or_else(|| format!("no link in {invite}"))
    }

    fn json(&self, args: &[&str]) -> Done<Value> {
        let mut command = self.proofroom(&[&["--json"], args].concat());
        let output = command.output().map_err(|e| e.to_string())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`{}` failed: {said}", words(&command)));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("`{}` printed no JSON: {e}", words(&command)))
    }

    fn what_next(&self, relay: &str, link: &str) -> String {
        let Self { binary, home } = self;
        let shown = |path: &Path| path.display().to_string();
        format!(
            "\nRelay    {relay}\nHome     {}\nInvite   {link}\nBrowser  {}/#{link}\n\n\
             In another terminal:\n\n  \
             export PATH=\"{}:$PATH\" PROOFROOM_HOME=\"{}\"\n  \
             proofroom asset add FILE --name \"Hero\" --category visual\n  \
             proofroom comment add ASSET \"Too dark\"\n  \
             proofroom sync --watch\n\n\
             As a second person, with a home of their own:\n\n  \
             export PROOFROOM_HOME=\"$HOME/proofroom-bo\"\n  \
             proofroom init --name \"Bo\" --org \"Client\"\n  \
             proofroom join '{link}'\n  \
             proofroom status\n\n\
             Ctrl-C ends the relay.",
            shown(home),
            relay.replacen("ws", "http", 1),
            shown(binary.parent().unwrap_or(binary)),
            shown(home),
        )
    }
}
