//! Relay addresses as people type them.

use std::fmt;
use std::str::FromStr;

use tokio_tungstenite::tungstenite::http::Uri;

use crate::AddressError;

/// Where a relay answers sessions, below its address.
pub const SYNC_PATH: &str = "/v1/sync";

const ADDRESS_BYTES_MAX: usize = 500;

/// A relay's address: `ws://HOST:PORT` or `wss://HOST`, with a path where the relay has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    text: String,
    host: String,
    tls: bool,
}

impl Address {
    /// Host and port, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the connection is encrypted underneath.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// The address of the session endpoint.
    pub fn sync_url(&self) -> String {
        format!("{}{SYNC_PATH}", self.text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = |why| AddressError { text: text.chars().take(80).collect(), why };
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(bad("it is too long"));
        }
        let trimmed = text.trim_end_matches('/');
        let uri: Uri = trimmed.parse().map_err(|_| bad("it is not a URL"))?;
        let tls = match uri.scheme_str() {
            Some("ws") => false,
            Some("wss") => true,
            _ => return Err(bad("it does not begin with ws:// or wss://")),
        };
        if uri.query().is_some() {
            return Err(bad("it has a query"));
        }
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("it has a user name"));
        }
        if authority.host().is_empty() {
            return Err(bad("it names no host"));
        }
        Ok(Self { text: trimmed.to_owned(), host: authority.to_string(), tls })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = text.parse::<Address>();
        let found = parsed.as_ref().map(Address::sync_url).map_err(|e| e.why);
        assert_eq!(found, expected.map(str::to_owned));
    }

    #[test]
    fn addresses_lead_to_the_session_endpoint() {
        check("ws://127.0.0.1:4747", Ok("ws://127.0.0.1:4747/v1/sync"));
        check("ws://127.0.0.1:4747/", Ok("ws://127.0.0.1:4747/v1/sync"));
        check("wss://relay.example.com/team/", Ok("wss://relay.example.com/team/v1/sync"));
        check("ws://[::1]:80", Ok("ws://[::1]:80/v1/sync"));
    }

    #[test]
    fn mangled_addresses_say_what_is_wrong() {
        check("http://example.com", Err("it does not begin with ws:// or wss://"));
        check("example.com:4747", Err("it does not begin with ws:// or wss://"));
        check("ws://", Err("it does not begin with ws:// or wss://"));
        check("ws://a b", Err("it is not a URL"));
        check("ws://me@example.com", Err("it has a user name"));
        check("ws://example.com?x=1", Err("it has a query"));
    }
}
