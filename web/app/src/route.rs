//! Where one is, kept in the address behind `#`, which is never sent to a server.
//!
//! ```text
//! #proofroom:join/...     an invite link
//! #/WORKSPACE             a workspace's board
//! #/WORKSPACE/ASSET       an asset's review
//! ```

/// A screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Route {
    /// The list of workspaces.
    #[default]
    Home,
    /// An invite link was opened.
    Join(String),
    /// A workspace's inbox, board and members.
    Board(String),
    /// An asset's review.
    Review(String, String),
}

impl Route {
    /// Reads the address.
    pub(crate) fn here() -> Self {
        let hash = web_sys::window().and_then(|w| w.location().hash().ok()).unwrap_or_default();
        let text = hash.trim_start_matches('#');
        if text.starts_with("proofroom:join/") {
            return Self::Join(text.to_owned());
        }
        let mut parts = text.split('/').filter(|part| !part.is_empty()).map(str::to_owned);
        match (parts.next(), parts.next()) {
            (Some(workspace), Some(asset)) => Self::Review(workspace, asset),
            (Some(workspace), None) => Self::Board(workspace),
            (None, _) => Self::Home,
        }
    }

    /// The address of the screen.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Home => "#/".into(),
            Self::Join(link) => format!("#{link}"),
            Self::Board(workspace) => format!("#/{workspace}"),
            Self::Review(workspace, asset) => format!("#/{workspace}/{asset}"),
        }
    }

    /// Goes there.
    pub(crate) fn go(&self) {
        if let Some(window) = web_sys::window() {
            // Setting a fragment does not fail.
            let _gone = window.location().set_hash(&self.href());
        }
    }
}
