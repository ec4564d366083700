//! While one process owns the store, others hand it their commands.
//!
//! ```text
//! HOME/agent.sock, 0600
//! request   len:u32 JSON {"argv", "cwd", "workspace", "manner"}     at most 1 MiB
//! answer    tag:u8 len:u32 bytes, any number of times                1 = standard output, 2 = standard error
//!           3 len:u32=1 code:u8                                      the exit code, last
//! ```
//!
//! What a command prints in its own process and through the agent is the same,
//! byte for byte. Passphrases are not sent: the owner opened the keys already.

use std::io::{self, Read as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use crate::console::{Console, Manner};
use crate::failure::Failure;
use crate::home::{Home, at};

const SOCKET: &str = "agent.sock";
const REQUEST_BYTES_MAX: u32 = 1 << 20;
const ANSWER_BYTES_MAX: u32 = 64 << 20;
const REQUEST_WAIT: Duration = Duration::from_secs(5);
const WRITE_WAIT: Duration = Duration::from_secs(10);
const VISITORS_MAX: usize = 16;

const OUT: u8 = 1;
const ERR: u8 = 2;
const EXIT: u8 = 3;

/// A command line on its way to the process that owns the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The arguments, without the program's name.
    pub argv: Vec<String>,
    /// Where they were typed.
    pub cwd: PathBuf,
    /// The workspace that was named, perhaps by the environment.
    pub workspace: Option<String>,
    /// How the caller wants the output.
    pub manner: Manner,
}

/// Whether a process owns the store and takes commands.
pub fn is_listening(home: &Home) -> bool {
    UnixStream::connect(home.path(SOCKET)).is_ok()
}

/// Hands a command to the agent, if there is one. Returns its exit code.
///
/// # Errors
/// When the agent goes away before the command is done.
pub fn forward(
    home: &Home,
    request: &Request,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Option<u8>, Failure> {
    // No socket, or one that nobody listens on any more.
    let Ok(mut stream) = UnixStream::connect(home.path(SOCKET)) else { return Ok(None) };
    let body = serde_json::to_vec(request).map_err(Failure::usage)?;
    let len = u32::try_from(body.len()).ok().filter(|n| *n <= REQUEST_BYTES_MAX);
    let len = len.ok_or_else(|| Failure::usage("the command line is too long"))?;
    let sent = stream.write_all(&len.to_le_bytes()).and_then(|()| stream.write_all(&body));
    let gone = |e: io::Error| {
        Failure::store(format!("the process that stays connected went away: {e}"))
            .hint("see whether the command was done, then run it again")
    };
    sent.map_err(gone)?;
    loop {
        let (tag, bytes) = read_answer(&mut stream).map_err(gone)?;
        match tag {
            // A reader who went away (`| head`) does not end the command.
            OUT => drop(out.write_all(&bytes).and_then(|()| out.flush())),
            ERR => drop(err.write_all(&bytes).and_then(|()| err.flush())),
            _ => return Ok(Some(bytes.first().copied().unwrap_or(1))),
        }
    }
}

fn read_answer(stream: &mut UnixStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [tag, len @ ..] = head;
    let len = u32::from_le_bytes(len);
    if len > ANSWER_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer that is too long"));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    stream.read_exact(&mut bytes)?;
    Ok((tag, bytes))
}

/// The listening end, in the process that owns the store.
pub struct Agent {
    path: PathBuf,
    visitors: mpsc::Receiver<Visitor>,
}

impl Agent {
    /// Begins to take commands. Only for the owner of the lock: a socket that is
    /// there is a leftover and is replaced.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen(home: &Home) -> Result<Self, Failure> {
        home.remove(SOCKET)?;
        let path = home.path(SOCKET);
        let listener = UnixListener::bind(&path).map_err(at("listen on", &path))?;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).map_err(at("protect", &path))?;
        let (post, visitors) = mpsc::channel(VISITORS_MAX);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let post = post.clone();
                tokio::spawn(async move {
                    if let Ok(Ok(visitor)) = tokio::time::timeout(REQUEST_WAIT, Visitor::read(stream)).await {
                        // The loop may have ended meanwhile: the visitor sees the socket close.
                        let _ended = post.send(visitor).await;
                    }
                });
            }
        });
        Ok(Self { path, visitors })
    }

    /// The next command. Never returns while nobody calls.
    pub async fn next(&mut self) -> Visitor {
        match self.visitors.recv().await {
            Some(visitor) => visitor,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // A leftover does no harm: nobody listens on it.
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// A command that somebody handed in.
pub struct Visitor {
    /// What they typed.
    pub request: Request,
    stream: Arc<Mutex<UnixStream>>,
}

impl Visitor {
    async fn read(mut stream: tokio::net::UnixStream) -> io::Result<Self> {
        let len = stream.read_u32_le().await?;
        if len > REQUEST_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a request that is too long"));
        }
        let mut body = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        stream.read_exact(&mut body).await?;
        let request = serde_json::from_slice(&body)?;
        let stream = stream.into_std()?;
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(WRITE_WAIT))?;
        Ok(Self { request, stream: Arc::new(Mutex::new(stream)) })
    }

    /// The caller's terminal.
    pub fn console(&self) -> Console {
        let stream = |tag| Box::new(Tagged { tag, stream: Arc::clone(&self.stream) });
        Console::new(stream(OUT), stream(ERR), self.request.manner)
    }

    /// Ends the command.
    pub fn exit(self, code: u8) {
        // The caller may have gone away.
        let _gone = Tagged { tag: EXIT, stream: self.stream }.write_all(&[code]);
    }
}

/// One of the two output streams, over the socket.
struct Tagged {
    tag: u8,
    stream: Arc<Mutex<UnixStream>>,
}

impl Write for Tagged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(1 << 20);
        let len = u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let frame = [&[self.tag], len.as_slice(), &bytes[..n]].concat();
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).write_all(&frame)?;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Agent, Request, forward};
    use crate::console::Manner;
    use crate::home::Home;
    use crate::report::Report;
    use std::os::unix::fs::PermissionsExt as _;

    fn request() -> Request {
        let manner = Manner { json: true, quiet: false, colour_out: false, terminal_err: false, columns: 80 };
        Request {
            argv: vec!["status".into()],
            cwd: "/somewhere".into(),
            workspace: Some("Spring".into()),
            manner,
        }
    }

    fn home() -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let home = Home::locate(Some(dir.path())).expect("a path was given");
        (dir, home)
    }

    #[test]
    fn without_an_agent_nothing_is_forwarded() {
        let (_dir, home) = home();
        assert_eq!(forward(&home, &request(), &mut Vec::new(), &mut Vec::new()), Ok(None));
    }

    #[tokio::test]
    async fn a_command_runs_in_the_agent_and_its_output_comes_back() {
        let (_dir, home) = home();
        let mut agent = Agent::listen(&home).expect("a socket");
        let mode = std::fs::metadata(home.path("agent.sock")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let caller = std::thread::spawn(move || {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = forward(&home, &request(), &mut out, &mut err).expect("answered");
            (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
        });
        let visitor = agent.next().await;
        assert_eq!(visitor.request, request());
        let mut console = visitor.console();
        console.report(&Report::new(serde_json::json!({"ok": true})));
        console.failure(&crate::failure::Failure::user("no"));
        visitor.exit(3);
        let (code, out, err) = caller.join().expect("the caller does not panic");
        assert_eq!((code, out.as_str()), (Some(3), "{\"ok\":true}\n"));
        assert!(err.contains("\"message\":\"no\""), "{err}");
    }

    #[tokio::test]
    async fn a_leftover_socket_is_replaced() {
        let (_dir, home) = home();
        drop(std::os::unix::net::UnixListener::bind(home.path("agent.sock")).expect("a socket"));
        assert_eq!(forward(&home, &request(), &mut Vec::new(), &mut Vec::new()), Ok(None));
        Agent::listen(&home).expect("replaced");
    }
}
