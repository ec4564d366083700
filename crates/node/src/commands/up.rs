//! `up`: a peer that stays: with relays, and with members' devices directly.

use std::net::SocketAddr;

use clap::Args;
use proofroom_transport_iroh::PeerAddress;

use crate::when::Expiry;

/// `proofroom up`
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exchanges every workspace with its relay and with every member's device that can be reached: at addresses that are
remembered or were added (`proofroom peers add`), and on the local network. Whoever answers must prove the endpoint
key that their device record names. Nothing outside is contacted but what is configured here and the workspaces'
relays. While it runs, other commands work as always; what they write is delivered at once. `proofroom peers` shows
who is met. Ctrl-C or SIGTERM ends it in good order.

It also sends the reminders that are due, by the ways of notify.toml (`proofroom notify --help`), outside quiet hours;
where several machines are up, the first one says it for all.

Every so often (--receipts) it signs receipts for what others decided, as `proofroom witness` does: they bound when
that can have been. At most one for each review each time, and none where two others have witnessed it. A relay that is
connected is asked for its word that it holds the decisions, once for each: it reads none of them, and has a clock that
is no party's. `proofroom verify --relay KEY` believes it.

Browsers on this machine find the review app at the address that is printed; it exchanges with the relays that an
invite link names: append the link behind `#`.

Examples:
  proofroom up
  proofroom up --listen 192.168.1.20:4749 --no-nearby
  proofroom up --iroh-relay http://relay.example:4748
  proofroom up --web 127.0.0.1:8080

JSON, one object per line: {\"event\", ...}: first up {\"pid\", \"endpoint\", \"addresses\", \"nearby\", \"web\"}, then as
`proofroom sync --watch`; trouble {\"error\"} when peers cannot be met or the settings of reminders are wrong; reminded
{\"to\", \"name\", \"line\", \"reminder\", \"ways\"}; witnessed {\"workspace\", \"asset\", \"name\", \"entry\",
\"relay\"}; sent {\"id\", \"way\", \"to\", \"outcome\", \"reason\", \"items\"}")]
pub struct Up {
    /// Where to listen (UDP); may be given several times [default: every interface, the port of the last time]
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Vec<SocketAddr>,
    /// Neither announce this machine on the local network nor look for others there
    #[arg(long)]
    pub no_nearby: bool,
    /// A relay of packets for peers that cannot reach each other directly; may be given several times
    #[arg(long, value_name = "URL", env = "PROOFROOM_IROH_RELAY", value_delimiter = ',', value_parser = packet_relay)]
    pub iroh_relay: Vec<String>,
    /// Where to serve the review app, for browsers on this machine [default: 127.0.0.1, the port of the last time]
    #[arg(long, value_name = "IP:PORT", value_parser = loopback, conflicts_with = "no_web")]
    pub web: Option<SocketAddr>,
    /// How often to sign receipts for what others decided: 15m, 1h, never
    #[arg(long, value_name = "DURATION", default_value = "15m")]
    pub receipts: Expiry,
    /// Do not serve the review app
    #[arg(long)]
    pub no_web: bool,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "want IP:PORT, as 127.0.0.1:4750".to_owned())?;
    match address.ip().is_loopback() {
        true => Ok(address),
        false => Err("the review app is served to this machine only; others open it at a relay".into()),
    }
}

fn packet_relay(text: &str) -> Result<String, String> {
    match text.parse::<PeerAddress>()? {
        PeerAddress::Relay(url) => Ok(url),
        PeerAddress::Socket(_) => Err("a relay of packets has an http:// or https:// address".into()),
    }
}
