//! `relay`: runs a relay in this process.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::failure::Failure;

/// `proofroom relay`
#[derive(Debug, Args)]
pub struct Relay {
    /// The address to listen on; port 0 lets the system choose
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4747")]
    listen: SocketAddr,
    /// Where the relay keeps what it carries
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Runs it.
pub fn run(args: &Relay, _console: &mut Console) -> Result<(), Failure> {
    let _ = (args.listen, &args.data);
    Ok(())
}
