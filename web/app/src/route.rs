//! Where one is, kept in the address behind `#`, which is never sent to a server.
//!
//! ```text
//! #proofroom:join/...          an invite link
//! #proofroom:device/...        a new browser asks to be linked
//! #proofroom:linked/...        the approval for this one
//! #/                           what waits for me, and the workspaces
//! #/settings                   this browser
//! #/WORKSPACE                  a workspace's board
//! #/WORKSPACE/requests         its requests; /new and /KEY below
//! #/WORKSPACE/people           its members, devices and invites
//! #/WORKSPACE/ASSET            an asset's review
//! #/WORKSPACE/ASSET/about      its versions and reviewers; /trail: who did what
//! ```

/// A screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Route {
    /// What waits for me, and the workspaces.
    #[default]
    Home,
    /// An invite link was opened.
    Join(String),
    /// A code of device linking was opened.
    Link(String),
    /// This browser: keys, storage, appearance.
    Settings,
    /// A workspace's board.
    Board(String),
    /// A workspace's requests.
    Requests(String),
    /// A form for a new request.
    NewRequest(String),
    /// A request with its brief.
    Request(String, String),
    /// A workspace's members, devices and invites.
    People(String),
    /// An asset's review.
    Review(String, String),
    /// An asset's versions and reviewers.
    Asset(String, String),
    /// Who did what to an asset.
    Trail(String, String),
}

impl Route {
    /// Reads the address.
    pub(crate) fn here() -> Self {
        let hash = web_sys::window().and_then(|w| w.location().hash().ok()).unwrap_or_default();
        Self::of(hash.trim_start_matches('#'))
    }

    fn of(text: &str) -> Self {
        if text.starts_with("proofroom:join/") {
            return Self::Join(text.to_owned());
        }
        if text.starts_with("proofroom:device/") || text.starts_with("proofroom:linked/") {
            return Self::Link(text.to_owned());
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let own = |part: &str| part.to_owned();
        match parts.as_slice() {
            [] => Self::Home,
            ["settings", ..] => Self::Settings,
            [workspace] => Self::Board(own(workspace)),
            [workspace, "requests"] => Self::Requests(own(workspace)),
            [workspace, "requests", "new"] => Self::NewRequest(own(workspace)),
            [workspace, "requests", key, ..] => Self::Request(own(workspace), own(key)),
            [workspace, "people", ..] => Self::People(own(workspace)),
            [workspace, asset, "about"] => Self::Asset(own(workspace), own(asset)),
            [workspace, asset, "trail"] => Self::Trail(own(workspace), own(asset)),
            [workspace, asset, ..] => Self::Review(own(workspace), own(asset)),
        }
    }

    /// The address of the screen.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Home => "#/".into(),
            Self::Join(link) | Self::Link(link) => format!("#{link}"),
            Self::Settings => "#/settings".into(),
            Self::Board(workspace) => format!("#/{workspace}"),
            Self::Requests(workspace) => format!("#/{workspace}/requests"),
            Self::NewRequest(workspace) => format!("#/{workspace}/requests/new"),
            Self::Request(workspace, key) => format!("#/{workspace}/requests/{key}"),
            Self::People(workspace) => format!("#/{workspace}/people"),
            Self::Review(workspace, asset) => format!("#/{workspace}/{asset}"),
            Self::Asset(workspace, asset) => format!("#/{workspace}/{asset}/about"),
            Self::Trail(workspace, asset) => format!("#/{workspace}/{asset}/trail"),
        }
    }

    /// The workspace that the screen is in.
    pub(crate) fn workspace(&self) -> Option<&str> {
        match self {
            Self::Home | Self::Join(_) | Self::Link(_) | Self::Settings => None,
            Self::Board(workspace)
            | Self::Requests(workspace)
            | Self::NewRequest(workspace)
            | Self::Request(workspace, _)
            | Self::People(workspace)
            | Self::Review(workspace, _)
            | Self::Asset(workspace, _)
            | Self::Trail(workspace, _) => Some(workspace),
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
