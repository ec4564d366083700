//! The commands, one file per noun: their arguments, and what they do.

pub mod answer;
pub mod asset;
pub mod audit;
pub mod blobs;
pub mod board;
pub mod bundle;
pub mod calendar;
pub mod cast;
pub mod certify;
pub mod comment;
pub mod completions;
pub mod decide;
pub mod delegate;
pub mod device;
pub mod doctor;
mod duplicates;
pub mod erase;
pub mod export;
pub mod form;
pub mod hold;
pub mod identity;
pub mod inbox;
pub mod invite;
pub mod log;
pub mod members;
pub mod notify;
pub mod package;
pub mod peers;
pub mod quiet;
pub mod rebuild;
pub mod relay;
pub mod release;
pub mod remind;
pub mod request;
pub mod review;
pub mod route;
pub mod rule;
pub mod show;
pub mod status;
pub mod submit;
pub mod sync;
pub mod todo;
pub mod up;
pub mod verify;
pub mod version;
pub mod witness;
pub mod workspace;

use std::path::{Path, PathBuf};

use proofroom_ident::WorkspaceId;

use crate::cli::Command;
use crate::console::Console;
use crate::failure::Failure;
use crate::peer::Peer;
use crate::report::Report;

/// One invocation: where it was typed, and what holds for it.
#[derive(Debug)]
pub struct Call {
    /// The directory in which it was typed: relative paths start there.
    pub cwd: PathBuf,
    /// The workspace that was named.
    pub workspace: Option<String>,
    /// Where its words go.
    pub console: Console,
}

impl Call {
    /// A path as the caller meant it.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }
}

/// What a command leads to.
#[derive(Debug)]
pub enum Next {
    /// It is done.
    Done(Report),
    /// It is done once these workspaces have exchanged what is new.
    Exchange(Exchange),
    /// It is done once an authority for time has stamped these.
    Stamp(witness::Stamping),
}

impl From<Report> for Next {
    fn from(report: Report) -> Self {
        Self::Done(report)
    }
}

/// Work that needs the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The workspaces.
    pub workspaces: Vec<WorkspaceId>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What an exchange is for, which decides the last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `sync`.
    Sync,
    /// `join`: given up if it does not succeed.
    Join,
    /// `workspace open`, after a recovery.
    Open,
}

/// Runs a command that works on the store.
///
/// # Errors
/// Whatever the command says; the store is as it was.
///
/// # Panics
/// When it is given a command that does not work on the store: the caller sorts those out.
pub fn run(command: Command, peer: &mut Peer, call: &mut Call) -> Result<Next, Failure> {
    match command {
        Command::Workspace(c) => workspace::run(c, peer, call),
        Command::Invite(c) => invite::invite(c, peer, call).map(Next::from),
        Command::Join(c) => invite::join(&c, peer),
        Command::Form(c) => form::run(c, peer, call).map(Next::from),
        Command::Request(c) => request::run(c, peer, call).map(Next::from),
        Command::Asset(c) => asset::run(c, peer, call).map(Next::from),
        Command::Version(c) => version::run(c, peer, call).map(Next::from),
        Command::Comment(c) => comment::run(c, peer, call).map(Next::from),
        Command::Submit(c) => submit::submit(&c, peer, call).map(Next::from),
        Command::Withdraw(c) => submit::withdraw(c, peer, call).map(Next::from),
        Command::Route(c) => route::run(c, peer, call).map(Next::from),
        Command::Calendar(c) => calendar::run(c, peer, call).map(Next::from),
        Command::Quiet(c) => quiet::run(&c, peer, call).map(Next::from),
        Command::Rule(c) => rule::run(c, peer, call).map(Next::from),
        Command::Cast(c) => cast::run(c, peer, call).map(Next::from),
        Command::Package(c) => package::run(c, peer, call).map(Next::from),
        Command::Review(c) => review::run(c, peer, call).map(Next::from),
        Command::Decide(c) => decide::run(c, peer, call).map(Next::from),
        Command::Acknowledge(c) => answer::acknowledge(c, peer, call).map(Next::from),
        Command::CarryForward(c) => answer::carry_forward(c, peer, call).map(Next::from),
        Command::Settle(c) => answer::settle(c, peer, call).map(Next::from),
        Command::Delegate(c) => delegate::run(c, peer, call).map(Next::from),
        Command::Inbox(c) => inbox::run(&c, peer, call).map(Next::from),
        Command::Release(c) => release::run(c, peer, call).map(Next::from),
        Command::Todo(c) => todo::run(&c, peer, call).map(Next::from),
        Command::Board(c) => board::run(&c, peer, call).map(Next::from),
        Command::Status(c) => status::run(&c, peer, call).map(Next::from),
        Command::Log(c) => log::run(&c, peer, call).map(Next::from),
        Command::Sync(c) => sync::plan(&c, peer, call),
        Command::Blobs(c) => blobs::run(c, peer, call),
        Command::Bundle(c) => bundle::run(c, peer, call).map(Next::from),
        Command::Members(c) => members::run(c, peer, call).map(Next::from),
        Command::Device(c) => device::run(c, peer, call).map(Next::from),
        Command::Witness(c) => witness::run(&c, peer, call),
        Command::Audit(c) => audit::run(&c, peer, call).map(Next::from),
        Command::Show(c) => show::run(&c, peer, call).map(Next::from),
        Command::Certify(c) => certify::run(&c, peer, call).map(Next::from),
        Command::Hold(c) => hold::run(c, peer, call).map(Next::from),
        Command::Erase(c) => erase::run(&c, peer, call).map(Next::from),
        Command::Export(c) => export::run(c, peer, call).map(Next::from),
        Command::Doctor(c) => doctor::run(&c, peer, call).map(Next::from),
        Command::Peers(c) => peers::run(&c, peer, None).map(Next::from),
        Command::Init(_)
        | Command::Recover(_)
        | Command::Rebuild(_)
        | Command::Relay(_)
        | Command::Verify(_)
        | Command::Passphrase(_)
        | Command::Up(_)
        | Command::Remind(_)
        | Command::Notify(_)
        | Command::Completions(_) => {
            unreachable!("commands that need no store, or the post as well, are run by the caller")
        }
    }
}
