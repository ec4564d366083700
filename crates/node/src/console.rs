//! Where a command's words go: standard output, standard error, progress bars.
//!
//! A command may run in its own process or inside the agent of another one
//! (`sync --watch`); it only ever sees a [`Console`].

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::report::{Report, Tone};

/// A stream that progress bars and messages share.
type Shared = Arc<Mutex<Box<dyn Write + Send>>>;

/// How the reader of a command's output wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// One JSON object per report.
    pub json: bool,
    /// No text for people but errors.
    pub quiet: bool,
    /// Standard output understands colours.
    pub colour_out: bool,
    /// Standard error is a terminal: it may show colours and progress bars.
    pub terminal_err: bool,
    /// Columns of the terminal.
    pub columns: u16,
}

impl Manner {
    /// What this process's own streams are.
    pub fn of_this_process(json: bool, quiet: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(80);
        Self {
            json,
            quiet,
            colour_out: io::stdout().is_terminal() && !plain,
            terminal_err: io::stderr().is_terminal() && !plain,
            columns,
        }
    }
}

/// A command's output streams.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Shared,
    manner: Manner,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("manner", &self.manner).finish_non_exhaustive()
    }
}

impl Console {
    /// Over any two streams.
    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, manner: Manner) -> Self {
        Self { out, err: Arc::new(Mutex::new(err)), manner }
    }

    /// Over this process's own streams.
    pub fn of_this_process(manner: Manner) -> Self {
        Self::new(Box::new(io::stdout()), Box::new(io::stderr()), manner)
    }

    /// How the reader wants the output.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// Prints a report at once. With `--json` it is one line, so that a stream of reports can be read line by line.
    pub fn report(&mut self, report: &Report) {
        let text = match self.manner {
            Manner { json: true, .. } => format!("{}\n", report.to_json()),
            Manner { quiet: true, .. } if !report.is_essential() => String::new(),
            Manner { colour_out, .. } => report.to_text(colour_out),
        };
        // A reader who went away (`| head`) is no failure of the command.
        let _closed = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        if !self.manner.json {
            for warning in report.warnings() {
                self.note("warning", Tone::Warn, warning);
            }
        }
    }

    /// Prints why a command failed, and what to do.
    pub fn failure(&mut self, failure: &Failure) {
        if self.manner.json {
            let _closed = writeln!(lock(&self.err), "{}", failure.to_json());
            return;
        }
        self.note("error", Tone::Bad, &failure.what);
        if let Some(hint) = &failure.hint {
            self.note("hint", Tone::Strong, hint);
        }
    }

    fn note(&mut self, label: &str, tone: Tone, text: &str) {
        let line = Report::new(serde_json::json!({})).toned(label, tone).to_text(self.manner.terminal_err);
        let text = Report::new(serde_json::json!({})).line(text).to_text(false);
        let _closed = write!(lock(&self.err), "{}: {text}", line.trim_end());
    }

    /// A bar over `total` bytes: on a terminal only, and only when the work takes longer than a moment.
    pub fn progress(&self, label: &str, total: u64) -> Progress {
        let shown = self.manner.terminal_err && !self.manner.quiet && !self.manner.json;
        Progress {
            label: label.to_owned(),
            total,
            done: 0,
            started: None,
            bar: None,
            target: shown.then(|| self.target()),
        }
    }

    fn target(&self) -> Terminal {
        Terminal { err: Arc::clone(&self.err), columns: self.manner.columns }
    }
}

fn lock(err: &Shared) -> MutexGuard<'_, Box<dyn Write + Send>> {
    err.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long work goes on unseen before a bar appears.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(600);

/// A progress bar that appears once the work proves to be long.
#[derive(Debug)]
pub struct Progress {
    label: String,
    total: u64,
    done: u64,
    started: Option<std::time::Instant>,
    bar: Option<ProgressBar>,
    target: Option<Terminal>,
}

impl Progress {
    /// `bytes` more are done.
    pub fn advance(&mut self, bytes: u64) {
        self.done += bytes;
        let started = *self.started.get_or_insert_with(std::time::Instant::now);
        if started.elapsed() >= PATIENCE
            && let Some(target) = self.target.take()
        {
            self.bar = Some(bar(target, &self.label, self.total));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
    }

    /// The work has grown.
    pub fn grow(&mut self, bytes: u64) {
        self.total += bytes;
        if let Some(bar) = &self.bar {
            bar.set_length(self.total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(target: Terminal, label: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::term_like(Box::new(target)));
    let style = ProgressStyle::with_template("{msg} [{bar:24}] {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_message(label.to_owned());
    bar
}

/// The terminal behind standard error, here or at the other end of the agent's socket.
struct Terminal {
    err: Shared,
    columns: u16,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terminal({} columns)", self.columns)
    }
}

impl Terminal {
    fn step(&self, n: usize, letter: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.write_str(&format!("\x1b[{n}{letter}")) }
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.columns
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }
    fn write_line(&self, s: &str) -> io::Result<()> {
        writeln!(lock(&self.err), "{s}")
    }
    fn write_str(&self, s: &str) -> io::Result<()> {
        lock(&self.err).write_all(s.as_bytes())
    }
    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\x1b[2K")
    }
    fn flush(&self) -> io::Result<()> {
        lock(&self.err).flush()
    }
}
