//! One process owns the store: an advisory lock on `HOME/lock`.
//!
//! The file holds `PID COMMAND LINE` of the owner, so that whoever
//! waits can say for whom. The system drops the lock when the process ends,
//! however it ends; what the file says afterwards is stale and means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::home::{Home, HomeError, at};

/// How long a command waits for another one to finish.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(25);

/// The store cannot be owned.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process owns it.
    #[error("the store in {} is in use by {owner}", dir.display())]
    Held {
        /// The home directory.
        dir: PathBuf,
        /// Process id and command line, as it wrote them.
        owner: String,
    },
    /// The lock file itself fails.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Home(error) => error.into(),
            held @ LockError::Held { .. } => {
                Failure::store(held).hint("wait for it, or end it, then run the command again")
            }
        }
    }
}

/// What this process was called with, for whoever waits for it. Links and codes are secrets, or as good as:
/// of them only the kind is told.
pub fn command_line() -> String {
    told(std::env::args())
}

fn told(args: impl Iterator<Item = String>) -> String {
    let short = |arg: String| match arg.split_once('/') {
        Some((kind, _)) if arg.starts_with("proofroom:") => format!("{kind}/..."),
        _ => arg,
    };
    args.map(short).collect::<Vec<_>>().join(" ")
}

/// Ownership of the store, for as long as the value lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Owns the store, or says who does.
    ///
    /// # Errors
    /// When another process holds the lock, or the file cannot be written.
    pub fn try_acquire(home: &Home, command_line: &str) -> Result<Self, LockError> {
        let path = home.path("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(at("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { dir: home.dir().to_owned(), owner: owner(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(at("lock", &path)(error).into()),
        }
        describe(&mut file, command_line).map_err(at("write", &path))?;
        Ok(Self { _file: file })
    }

    /// Tries until `wait` is over. `meanwhile` is asked between tries and may
    /// end the waiting: the owner may have begun to take commands.
    ///
    /// # Errors
    /// As [`Lock::try_acquire`], once the time is over.
    pub fn acquire<T>(
        home: &Home,
        command_line: &str,
        wait: Duration,
        mut meanwhile: impl FnMut() -> Option<T>,
    ) -> Result<Result<Self, T>, LockError> {
        let until = Instant::now() + wait;
        loop {
            match Self::try_acquire(home, command_line) {
                Ok(lock) => return Ok(Ok(lock)),
                Err(LockError::Held { .. }) if Instant::now() < until => {}
                Err(error) => return Err(error),
            }
            if let Some(other) = meanwhile() {
                return Ok(Err(other));
            }
            pause();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "no system lends a lock with a deadline: asking again is the way"
)]
fn pause() {
    std::thread::sleep(RETRY);
}

fn describe(file: &mut File, command_line: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{} {command_line}", std::process::id())
}

fn owner(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(4096).read_to_string(&mut text));
    match (read, text.lines().next().and_then(|line| line.split_once(' '))) {
        (Ok(_), Some((pid, command))) => format!("process {pid} (`{command}`)"),
        _ => "another process".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Lock, LockError};
    use crate::home::Home;

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = Home::locate(Some(dir.path())).expect("a path was given");
        (dir, home)
    }

    #[test]
    fn a_second_owner_is_refused_and_told_who_the_first_is() {
        let (_dir, home) = home();
        let _held = Lock::try_acquire(&home, "proofroom sync --watch").expect("free");
        let error = Lock::try_acquire(&home, "proofroom status").expect_err("held").to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert!(error.contains("proofroom sync --watch"), "{error}");
    }

    #[test]
    fn the_lock_is_free_again_when_its_owner_is_gone() {
        let (_dir, home) = home();
        drop(Lock::try_acquire(&home, "one").expect("free"));
        Lock::try_acquire(&home, "two").expect("free again");
    }

    #[test]
    fn links_on_a_command_line_are_told_to_nobody() {
        let args = ["proofroom", "--home", "here", "join", "proofroom:join/mq4"].map(str::to_owned);
        assert_eq!(super::told(args.into_iter()), "proofroom --home here join proofroom:join/...");
    }

    #[test]
    fn waiting_ends_when_the_owner_begins_to_take_commands() {
        let (_dir, home) = home();
        let _held = Lock::try_acquire(&home, "proofroom sync --watch").expect("free");
        let waited = Lock::acquire(&home, "proofroom status", Duration::from_secs(60), || Some("agent"));
        assert!(matches!(waited, Ok(Err("agent"))));
    }

    #[test]
    fn waiting_without_patience_names_the_owner() {
        let (_dir, home) = home();
        let _held = Lock::try_acquire(&home, "proofroom status").expect("free");
        let waited = Lock::acquire(&home, "proofroom log", Duration::ZERO, || None::<()>);
        assert!(matches!(waited, Err(LockError::Held { .. })));
    }
}
