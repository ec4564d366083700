//! `completions`: a script that makes a shell complete commands and options.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;

/// `proofroom completions`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom completions bash > ~/.local/share/bash-completion/completions/proofroom
  proofroom completions fish > ~/.config/fish/completions/proofroom.fish")]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

/// The script.
pub fn script(args: &Completions) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "proofroom", &mut script);
    script
}
