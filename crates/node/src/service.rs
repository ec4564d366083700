//! Telling a service manager how it stands: the `sd_notify` protocol, one datagram per word.
//!
//! Without `NOTIFY_SOCKET` in the environment, nobody is told.

use std::os::unix::net::UnixDatagram;

/// Where words go.
#[derive(Debug)]
pub struct Manager {
    socket: Option<(UnixDatagram, std::path::PathBuf)>,
    watched: bool,
}

impl Manager {
    /// The one that started this process, if any.
    pub fn of_this_process() -> Self {
        let path = std::env::var_os("NOTIFY_SOCKET").map(std::path::PathBuf::from);
        // Abstract names begin with `@`; the managers of today use paths.
        let path = path.filter(|p| p.is_absolute());
        let socket = path.and_then(|path| Some((UnixDatagram::unbound().ok()?, path)));
        Self { socket, watched: std::env::var_os("WATCHDOG_USEC").is_some() }
    }

    fn tell(&self, word: &str) {
        if let Some((socket, path)) = &self.socket {
            // A manager that went away needs no word.
            let _gone = socket.send_to(word.as_bytes(), path);
        }
    }

    /// It works from now on.
    pub fn ready(&self) {
        self.tell("READY=1");
    }
    /// It is still alive: the loop went round.
    pub fn alive(&self) {
        if self.watched {
            self.tell("WATCHDOG=1");
        }
    }
    /// It is about to end.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }
}
