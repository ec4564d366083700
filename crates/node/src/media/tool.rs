//! Running ffmpeg and ffprobe on files that strangers made.
//!
//! - `-protocol_whitelist file`, the input as `file:PATH`, and the format that its first bytes
//!   say: a playlist in disguise opens nothing else, neither here nor on a network.
//! - no standard input, no environment but the path, one allocation of 1 GiB at most;
//! - killed when it says nothing for a minute, or takes longer than it may.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use proofroom_review::MediaType;

/// How long a tool may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(60);
const ALLOCATION_BYTES_MAX: &str = "1073741824";
/// What is kept of what a tool says about its failure.
const SAID_BYTES_MAX: u64 = 4_096;

/// A tool did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// It is not installed.
    #[error("decoder missing: {0} is not installed")]
    Missing(&'static str),
    /// It was built without a codec.
    #[error("decoder missing: ffmpeg was built without {0}")]
    Codec(&'static str),
    /// It refused.
    #[error("{tool}: {said}")]
    Refused {
        /// Which tool.
        tool: &'static str,
        /// The last that it said.
        said: String,
    },
    /// It took too long, or fell silent.
    #[error("{tool} was ended after {seconds} s")]
    TooLong {
        /// Which tool.
        tool: &'static str,
        /// How long it ran.
        seconds: u64,
    },
    /// It wrote more than it may.
    #[error("{0} wrote more than it may")]
    TooMuch(&'static str),
}

/// One run of a tool.
pub(super) struct Run {
    tool: &'static str,
    args: Vec<OsString>,
    limit: Duration,
}

impl Run {
    /// ffmpeg on an input.
    pub(super) fn ffmpeg(input: &Input<'_>, before: &[&str], limit: Duration) -> Self {
        let mut args: Vec<OsString> =
            ["-nostdin", "-hide_banner", "-nostats", "-v", "error", "-max_alloc", ALLOCATION_BYTES_MAX]
                .map(OsString::from)
                .into();
        args.extend(before.iter().map(OsString::from));
        args.extend(input.args());
        Self { tool: "ffmpeg", args, limit }
    }

    /// ffprobe on an input.
    pub(super) fn ffprobe(input: &Input<'_>, limit: Duration) -> Self {
        let mut args: Vec<OsString> = ["-hide_banner", "-v", "error"].map(OsString::from).into();
        args.extend(input.args());
        Self { tool: "ffprobe", args, limit }
    }

    /// ffmpeg without an input, to ask it about itself.
    pub(super) fn ask(what: &str) -> Self {
        let args = ["-hide_banner", what].map(OsString::from).into();
        Self { tool: "ffmpeg", args, limit: SILENCE_MAX }
    }

    pub(super) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(OsString::from));
        self
    }

    /// Where it is to write.
    pub(super) fn into_file(mut self, path: &Path) -> Self {
        self.args.push(file_url(path));
        self
    }

    /// Runs it to its end, handing over what it writes to standard output. `take` says whether it
    /// wants more.
    pub(super) fn read(self, mut take: impl FnMut(&[u8]) -> bool) -> Result<(), ToolError> {
        let mut child = self.spawn()?;
        let started = Instant::now();
        let said = child.0.stderr.take().map(|stderr| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                let mut limited = stderr.take(SAID_BYTES_MAX);
                let _partly = limited.read_to_end(&mut said);
                // The rest goes nowhere, but goes.
                let _gone = std::io::copy(&mut limited.into_inner(), &mut std::io::sink());
                said
            })
        });
        let pieces = child.0.stdout.take().map(pump);
        let tool = self.tool;
        while let Some(pieces) = &pieces {
            let left = self.limit.saturating_sub(started.elapsed()).min(SILENCE_MAX);
            match pieces.recv_timeout(left) {
                Ok(piece) if take(&piece) => {}
                Ok(_) => return Err(ToolError::TooMuch(tool)),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(ToolError::TooLong { tool, seconds: started.elapsed().as_secs() });
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let refused = |said| ToolError::Refused { tool, said };
        let status = child.0.wait().map_err(|e| refused(e.to_string()))?;
        let said = said.and_then(|said| said.join().ok()).unwrap_or_default();
        match status.success() {
            true => Ok(()),
            false => Err(refused(last_line(&said))),
        }
    }

    /// Runs it, and returns what it wrote: `bytes_max` at most.
    pub(super) fn output(self, bytes_max: usize) -> Result<Vec<u8>, ToolError> {
        let mut out = Vec::new();
        self.read(|piece| {
            out.extend_from_slice(piece);
            out.len() <= bytes_max
        })?;
        Ok(out)
    }

    fn spawn(&self) -> Result<Ended, ToolError> {
        let mut command = Command::new(self.tool);
        command.args(&self.args).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        spawned.map(Ended).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => ToolError::Missing(self.tool),
            _ => ToolError::Refused { tool: self.tool, said: e.to_string() },
        })
    }
}

/// A child that does not outlive this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Reads in a thread of its own, so that waiting can end.
fn pump(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (send, pieces): (SyncSender<Vec<u8>>, _) = mpsc::sync_channel(16);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            if send.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    pieces
}

fn last_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.unwrap_or("it says nothing about why").chars().take(300).collect()
}

/// A file as a tool is to read it.
pub(super) struct Input<'a> {
    path: &'a Path,
    format: &'static str,
}

impl<'a> Input<'a> {
    /// `None` where the format is not one that is decoded.
    pub(super) fn new(path: &'a Path, media: MediaType) -> Option<Self> {
        let format = match media {
            MediaType::Mp4 | MediaType::Mov => "mov",
            MediaType::WebM | MediaType::Mkv => "matroska",
            MediaType::Wav => "wav",
            MediaType::Mp3 => "mp3",
            _ => return None,
        };
        Some(Self { path, format })
    }

    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> =
            ["-protocol_whitelist", "file", "-f", self.format, "-i"].map(OsString::from).into();
        args.push(file_url(self.path));
        args
    }
}

/// A path that is nothing but a path, whatever it begins with.
fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// ffmpeg's name and version, as recipes say it.
pub(super) fn version() -> Result<String, ToolError> {
    let said = Run::ask("-version").output(1 << 16)?;
    let text = String::from_utf8_lossy(&said);
    let version = text.split_whitespace().nth(2).unwrap_or("of unknown version");
    Ok(format!("ffmpeg {}", version.chars().filter(char::is_ascii_graphic).take(80).collect::<String>()))
}
