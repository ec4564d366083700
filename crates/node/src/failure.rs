//! The umbrella over every error of a command: a kind, a sentence, a hint.

use std::fmt;

/// What went wrong, by who can do something about it. Decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be done as asked: an unknown id, a role that may not, a file that is gone.
    User,
    /// The command line itself is wrong.
    Usage,
    /// The home directory or the store: locked, newer, full, damaged, missing.
    Store,
    /// The relay: down, refusing, or breaking the protocol.
    Network,
    /// Something did not prove what it claims.
    Verify,
}

impl Kind {
    /// The process's exit code. Documented in `proofroom --help`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Usage => 2,
            Self::Store => 3,
            Self::Network => 4,
            Self::Verify => 5,
        }
    }

    /// The word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Usage => "usage",
            Self::Store => "store",
            Self::Network => "network",
            Self::Verify => "verification",
        }
    }
}

/// Why a command ended without doing its work. The store is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who can do something about it.
    pub kind: Kind,
    /// What failed, and where.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: Kind, what: impl fmt::Display) -> Self {
        Self { kind, what: what.to_string(), hint: None }
    }
    /// The request cannot be done as asked.
    pub fn user(what: impl fmt::Display) -> Self {
        Self::new(Kind::User, what)
    }
    /// The command line is wrong.
    pub fn usage(what: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, what)
    }
    /// The home directory or the store.
    pub fn store(what: impl fmt::Display) -> Self {
        Self::new(Kind::Store, what)
    }
    /// The relay.
    pub fn network(what: impl fmt::Display) -> Self {
        Self::new(Kind::Network, what)
    }
    /// Something does not prove what it claims.
    pub fn verify(what: impl fmt::Display) -> Self {
        Self::new(Kind::Verify, what)
    }
    /// Says what to do next.
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Names the file that it is about, unless it is named already.
    pub fn at(mut self, path: &std::path::Path) -> Self {
        let path = path.display().to_string();
        if !self.what.contains(&path) {
            self.what = format!("{path}: {}", self.what);
        }
        self
    }

    /// `{"error": {"kind", "code", "message", "hint"}}`, as `--json` prints it to standard error.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({"error": {
            "kind": self.kind.word(),
            "code": self.kind.exit_code(),
            "message": self.what,
            "hint": self.hint,
        }})
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

/// What a full disk is called, whatever wrote to it.
pub(crate) fn io_hint(error: &std::io::Error) -> Option<&'static str> {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Some("the disk is full: free some space and run the command again, nothing was changed")
        }
        std::io::ErrorKind::PermissionDenied => Some("check who owns the file, and its permissions"),
        _ => None,
    }
}
