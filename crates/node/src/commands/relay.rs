//! `relay`: runs a relay in this process.

use std::path::PathBuf;

use clap::Args;
use proofroom_ident::SignerKey;
use proofroom_relayd::{Config, RelayError, Server, TlsFiles, log_as_json};
use serde_json::json;

use crate::console::Console;
use crate::failure::{Failure, Kind, io_hint};
use crate::report::Report;

/// `proofroom relay`
#[derive(Debug, Args)]
#[command(after_help = "\
The first line on standard output says where it listens: `listening on ws://HOST:PORT`. Logs go to standard error,
one JSON object per line; RUST_LOG sets their level. /healthz and /metrics answer on the same port. Ctrl-C or
SIGTERM ends it in good order.

With --tls-cert and --tls-key it speaks TLS itself. Renewed files are taken up within seconds, or at once on SIGHUP;
open connections go on. With --iroh-relay it also passes packets between members' devices that cannot reach each
other, on the same port; `proofroom up --iroh-relay URL` uses it.

Examples:
  proofroom relay --data relay-data
  proofroom relay --listen 0.0.0.0:443 --data relay-data --tls-cert fullchain.pem --tls-key privkey.pem
  proofroom relay --listen 0.0.0.0:4747 --data relay-data --iroh-relay

JSON: {\"url\", \"device\", \"data\", \"iroh_relay\"}, once, when it listens; iroh_relay is a URL, or null")]
pub struct Relay {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4747")]
    listen: String,
    /// Where it keeps what it carries
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Take new workspaces from this device only; may be given several times [default: from anybody]
    #[arg(long, value_name = "DEVICE")]
    allow: Vec<SignerKey>,
    /// Serve by this certificate: PEM, with those between it and its authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Pass packets on between members' devices that cannot reach each other directly
    #[arg(long)]
    iroh_relay: bool,
}

/// Runs it until it is asked to end.
///
/// # Errors
/// When the address, the data directory or the store cannot be used.
pub fn run(args: &Relay, console: &mut Console) -> Result<(), Failure> {
    log_as_json();
    let mut config = Config::new(&args.listen, &args.data);
    if !args.allow.is_empty() {
        config = config.only_for(args.allow.iter().copied());
    }
    config.tls = args.tls_cert.clone().zip(args.tls_key.clone()).map(|(cert, key)| TlsFiles { cert, key });
    config.packets = args.iroh_relay;
    let ready = |server: &Server| {
        let json = json!({"url": server.url(), "device": server.device(), "data": args.data,
            "iroh_relay": server.packets_url()});
        let mut report = Report::new(json).line(format!("listening on {}", server.url())).essential();
        if let Some(url) = server.packets_url() {
            report = report.line(format!("packets between peers: proofroom up --iroh-relay {url}"));
        }
        console.report(&report);
    };
    Ok(crate::runtime()?.block_on(Box::pin(proofroom_relayd::run(config, ready)))?)
}

impl From<RelayError> for Failure {
    fn from(error: RelayError) -> Self {
        let what = error.to_string();
        match error {
            RelayError::Store(error) => error.into(),
            RelayError::Listen { .. } => Self::new(Kind::User, what)
                .hint("choose another address with --listen; port 0 lets the system choose"),
            RelayError::Data { cause, .. } => {
                let failure = Self::store(what);
                match io_hint(&cause) {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            RelayError::Tls { .. } => Self::new(Kind::User, what)
                .hint("--tls-cert takes the certificate with its chain, --tls-key its private key, both PEM"),
            RelayError::Key { .. } => Self::store(what).hint("restore relay.key from a backup"),
            RelayError::StoreFailed(_) | RelayError::System(_) => {
                Self::store(what).hint("check the disk and the system")
            }
        }
    }
}
