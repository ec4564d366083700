//! The command line: what can be typed. Each noun's arguments are beside the code that runs it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use proofroom_transport::{Authorities, AuthorityError};

use crate::commands::{
    answer, asset, audit, blobs, board, bundle, calendar, cast, certify, comment, completions, decide,
    delegate, device, doctor, erase, export, form, hold, identity, inbox, invite, log, members, notify,
    package, peers, quiet, rebuild, relay, release, remind, request, review, route, rule, show, status,
    submit, sync, todo, up, verify, version, witness, workspace,
};

const ABOUT: &str = "Creative review and sign-off between people who need no server to agree";

const AFTER: &str = "\
Getting started:
  proofroom init --name \"Ada Ackermann\" --org \"Studio Nord\"
  proofroom workspace create \"Spring campaign\" --relay ws://127.0.0.1:4747
  proofroom invite --role reviewer
  proofroom asset add hero.jpg --name Hero --category visual
  proofroom sync

Ids: wherever an id is wanted, its first four or more digits do; assets, workspaces and people also go by name.

Exit codes:
  0  done
  1  it cannot be done as asked: an unknown id, a role that may not, a file that is gone
  2  the command line is wrong
  3  the home directory or the store: none yet, locked, newer, damaged, disk full
  4  the relay: down, refusing, or breaking the protocol
  5  something does not prove what it claims: a signature, a hash, a chain

With --json every report is one object on one line of standard output, and a failure is
  {\"error\": {\"kind\", \"code\", \"message\", \"hint\"}}
on standard error. Times are milliseconds since 1970 (UTC); ids are lower-case hexadecimal.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "proofroom", version, about = ABOUT, after_help = AFTER, max_term_width = 100)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// Print JSON, one object per line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Where this machine's keys and store are [default: ~/.local/share/proofroom]
    #[arg(long, global = true, value_name = "DIR", env = "PROOFROOM_HOME", hide_env_values = true)]
    pub home: Option<PathBuf>,
    /// Which workspace: its name or id. Not needed while there is one only
    #[arg(
        long,
        short,
        global = true,
        value_name = "WORKSPACE",
        env = "PROOFROOM_WORKSPACE",
        hide_env_values = true
    )]
    pub workspace: Option<String>,
    /// A PEM file of certificate authorities that may vouch for relays, beside the web's. While `up` or
    /// `sync --watch` runs, the one that it was started with holds
    #[arg(long, global = true, value_name = "FILE", env = "PROOFROOM_CA", hide_env_values = true)]
    pub ca: Option<PathBuf>,
}

impl Globals {
    /// Whom this process believes beside the web's certificate authorities.
    ///
    /// # Errors
    /// When the file that was named holds none.
    pub fn authorities(&self) -> Result<Authorities, AuthorityError> {
        Ok(self.ca.as_deref().map(Authorities::of_file).transpose()?.unwrap_or_default())
    }
}

/// Everything that `proofroom` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an identity on this machine and show its recovery phrase, once
    Init(identity::Init),
    /// Restore a person on a new machine from the 24 words of the recovery phrase
    Recover(identity::Recover),
    /// Put this machine's keys under a passphrase, or another one
    Passphrase(identity::Passphrase),
    /// Create, list and set up workspaces
    #[command(subcommand)]
    Workspace(workspace::Command),
    /// Make an invite link; list and revoke invites
    Invite(invite::Invite),
    /// Join a workspace by a link
    Join(invite::Join),
    /// What a request is asked for, by category
    #[command(subcommand)]
    Form(form::Command),
    /// File, read and answer requests
    #[command(subcommand)]
    Request(request::Command),
    /// Add and list assets; say who reviews them
    #[command(subcommand)]
    Asset(asset::Command),
    /// Add and list versions of an asset; settle a fork
    #[command(subcommand)]
    Version(version::Command),
    /// Comment on an asset: a region, a frame, a page, a quote, a layer
    #[command(subcommand)]
    Comment(comment::Command),
    /// Send a version on its route: those whom its stages ask are asked from now on
    Submit(submit::Submit),
    /// Take a version back, with a reason
    Withdraw(submit::Withdraw),
    /// What waits for you, the most urgent first
    Inbox(inbox::Inbox),
    /// Everything that reviewers want of you as an author, as one list
    Todo(todo::Todo),
    /// Every asset at its stage, and how far each person has come
    Board(board::Board),
    /// Where the work stands, and what holds it back
    Status(status::Status),
    /// Sign a decision on an asset's current version
    Decide(decide::Decide),
    /// Take note of blockers that arrived after your approval
    Acknowledge(answer::Acknowledge),
    /// Let your approval of the version before count for the current one
    CarryForward(answer::CarryForward),
    /// Decide anew where two decisions of yours were made apart
    Settle(answer::Settle),
    /// Why a review takes its route; start, close, skip and reopen its stages
    #[command(subcommand)]
    Review(review::Command),
    /// Let somebody decide for you while you are away
    #[command(subcommand)]
    Delegate(delegate::Command),
    /// Versions that are approved and handed off together
    #[command(subcommand)]
    Package(package::Command),
    /// Hand an approved version, or a package, off to a folder: files, sidecars, a signed record
    Release(release::Release),
    /// Templates of stages that versions are sent on
    #[command(subcommand)]
    Route(route::Command),
    /// Which route a version takes, by category, risk, channel, locale and the brief's fields
    #[command(subcommand)]
    Rule(rule::Command),
    /// Who plays which role of the routes
    #[command(subcommand)]
    Cast(cast::Command),
    /// Working hours and holidays that deadlines are counted in
    #[command(subcommand)]
    Calendar(calendar::Command),
    /// When you want to be left in peace: quiet hours, one digest a day, so many at most
    Quiet(quiet::Quiet),
    /// Send the reminders that are due, once; `up` does it by itself
    Remind(remind::Remind),
    /// The ways on which reminders leave this machine: mail, webhooks, programs
    #[command(subcommand)]
    Notify(notify::Command),
    /// Every entry that is held: who wrote it, and whether it counts
    Log(log::Log),
    /// Exchange what is new with the relay
    Sync(sync::Sync),
    /// Files: which are here and which are to come; pin, fetch, clean up, pause
    #[command(subcommand)]
    Blobs(blobs::Command),
    /// Stay connected with relays and with other members' devices directly
    Up(up::Up),
    /// Other members' devices: who is met, by which path, how far it got
    Peers(peers::Peers),
    /// Exchange without a network: a file on a stick
    #[command(subcommand)]
    Bundle(bundle::Command),
    /// List and remove members, change roles, adopt held-back work
    #[command(subcommand)]
    Members(members::Command),
    /// Link, list and remove this person's devices
    #[command(subcommand)]
    Device(device::Command),
    /// Write out an asset's files, or a document as a plain .automerge file
    Export(export::Export),
    /// Legal holds and periods of retention: what is not erased yet, why, and until when
    #[command(subcommand)]
    Hold(hold::Command),
    /// Erase words or files that somebody has a right to see gone, on a legal ground
    Erase(erase::Erase),
    /// Sign a receipt for what others decided: by this machine's clock, or with a time stamp
    Witness(witness::Witness),
    /// Who did what, when and why, with the old and the new value; what stands out
    Audit(audit::Audit),
    /// An asset's review as it was, at a time or in front of a signer
    Show(show::Show),
    /// Write the evidence of an outcome, for somebody who has nothing but the file
    Certify(certify::Certify),
    /// Check a certificate: no network, workspace or key is needed
    Verify(verify::Verify),
    /// Run a relay: it stores and forwards what it cannot read
    Relay(relay::Relay),
    /// Check this home directory and everything in it
    Doctor(doctor::Doctor),
    /// Make a new store of what is readable of a damaged one, and of what others hold
    Rebuild(rebuild::Rebuild),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    const TOUR: &[&str] = &[
        "init --name Ada --org Nord",
        "workspace create Spring --relay ws://127.0.0.1:4747",
        "workspace list",
        "invite --role reviewer --uses 3 --expires 7d",
        "invite list",
        "join proofroom:join/abc",
        "request new --from brief.toml",
        "request new",
        "request list --state returned",
        "request show 4f2a",
        "request edit 4f2a --from brief.toml",
        "request return 4f2a --question why --question when",
        "request decline 4f2a --reason no",
        "request deliverables 4f2a",
        "form list",
        "form show visual",
        "form export visual visual.toml",
        "form import visual.toml",
        "request accept 4f2a",
        "asset add hero.jpg --name Hero --category visual --request 4f2a",
        "version add Hero hero2.jpg",
        "comment add Hero text --region 1,2,3,4 --label blocker --team",
        "comment add Spot text --frames 120..148",
        "comment add Spot text --timecode 00:01:00;02",
        "comment add Copy text --page 3",
        "comment add Copy text --quote words",
        "comment add Source text --layer Logo",
        "comment list Hero",
        "comment resolve 4f2a",
        "comment list Hero --open --label blocker --state task --by Bo --on v2 --conflicts",
        "comment promote 4f2a",
        "comment addressed 4f2a --in v2",
        "comment acknowledge 4f2a",
        "route list",
        "route show brand-legal",
        "route export brand-legal ours.toml",
        "route check ours.toml",
        "route import ours.toml",
        "route remove ours",
        "rule list",
        "rule import rules.toml",
        "rule try Hero",
        "cast list",
        "cast set legal Bo Cy",
        "cast remove legal",
        "submit Hero --route brand-legal --version v2",
        "withdraw Hero --reason wrong",
        "inbox --person Bo",
        "board --column legal",
        "todo Hero",
        "review why Hero",
        "review start Hero legal",
        "review close Hero legal",
        "review skip Hero legal --reason no",
        "review skip Hero legal --person Bo --reason ill",
        "review reopen Hero legal --reason new",
        "review recuse Hero legal --reason mine",
        "review complete Hero legal",
        "review pause Hero",
        "review resume Hero",
        "review meet Hero 1",
        "delegate to Cy --for 2w --in 1d --asset Hero --stage legal",
        "delegate list",
        "delegate revoke 4f2a",
        "package add Launch Hero Spot@v2 --whole Deck",
        "package list",
        "package show Launch",
        "package remove Launch",
        "release Hero --to out",
        "erase --comment 4f2a --comment 4f2b --basis consent_withdrawn --reason asked",
        "hold set Hero Spot --reason Velo --until 2030-01-01",
        "hold keep marketing Hero --until 6y --reason SEC",
        "hold list",
        "hold release 4f2a --reason settled",
        "erase Hero --version v1 --basis contract --reason ended --along --dry-run",
        "decide Hero rejected --reason no",
        "decide Hero approved --stage legal --answer claims=yes --on-behalf-of Bo",
        "decide Hero approved_with_changes --condition-comment 4f2a",
        "acknowledge Hero",
        "carry-forward Hero --stage brand",
        "settle Hero approved",
        "status",
        "status Hero",
        "log --verify",
        "sync --watch",
        "blobs status",
        "blobs status Hero",
        "blobs pin Hero",
        "blobs unpin Hero",
        "blobs fetch Hero",
        "blobs gc --dry-run",
        "blobs policy",
        "blobs policy recent --versions 3 --receive 2M --send none",
        "blobs pause --off",
        "up",
        "up --listen 127.0.0.1:0 --no-nearby --iroh-relay http://127.0.0.1:4748",
        "peers",
        "peers --check",
        "peers ticket",
        "peers add proofroom:peer/abc",
        "peers forget 4f2a",
        "bundle export file",
        "bundle import file",
        "members list",
        "members remove Bo",
        "members role Bo producer",
        "device link",
        "device list",
        "device remove 4f2a",
        "calendar list",
        "calendar show zurich",
        "calendar due zurich 2d --from 2026-03-27T16:00",
        "calendar import zurich.toml --holidays ch.ics",
        "quiet --hours 19:00-08:00 --digest 09:00 --daily-max 5 --zone Europe/Zurich",
        "remind --dry-run",
        "witness",
        "witness Hero --authority http://tsa.example/tsr",
        "verify hero.zip --authority ca.pem",
        "notify list",
        "notify test --to Bo",
        "notify retry",
        "export Hero --to dir",
        "export --automerge plan file",
        "audit --asset Hero --person Bo --since 7d",
        "audit --csv",
        "show Hero --at 2026-03-01T12:00",
        "show Hero --at 4f2a",
        "decide Hero approved --preview",
        "decide Hero approved --yes",
        "passphrase --remove",
        "certify Hero --out hero.zip --blobs",
        "certify Hero --version v2 --folder hero --decisions-only",
        "verify hero.zip --file hero.jpg",
        "relay --listen 127.0.0.1:4747 --data dir",
        "relay --data dir --iroh-relay --tls-cert cert.pem --tls-key key.pem",
        "sync --ca own.pem",
        "doctor",
        "rebuild --relay ws://127.0.0.1:4747",
        "rebuild --from store.redb.old-1 --offline",
        "completions bash",
        "recover --name Ada --org Nord",
        "recover --forget",
    ];

    #[test]
    fn every_command_of_the_tour_is_understood() {
        for line in TOUR {
            let argv = std::iter::once("proofroom").chain(line.split(' '));
            if let Err(e) = Cli::try_parse_from(argv) {
                panic!("{line}: {e}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let lines = [
            "invite",
            "invite --role reviewer --uses 0",
            "invite --role king",
            "invite --role reviewer --expires soon",
            "workspace create Spring --relay http://relay.example",
            "asset add --name Hero --category visual",
            "asset add hero.jpg --name Hero --category painting",
            "comment add Spot text --frames 1..2 --page 3",
            "comment add Copy text --page 0",
            "export Hero",
            "request return 4f2a",
            "request edit 4f2a",
            "form show painting",
            "export Hero --to dir --automerge plan file",
            "decide Hero maybe",
            "decide Hero approved --answer claims",
            "route show Nope!",
            "delegate to Cy",
            "withdraw Hero",
            "package add Launch",
            "todo Hero --all",
            "calendar due zurich soon",
            "quiet --hours nine",
            "quiet --daily-max 0",
            "up --listen localhost",
            "relay --data dir --tls-cert cert.pem",
            "up --iroh-relay ws://127.0.0.1:4748",
            "peers --check ticket",
        ];
        for line in lines {
            let argv = std::iter::once("proofroom").chain(line.split(' '));
            assert!(Cli::try_parse_from(argv).is_err(), "{line}");
        }
    }
}
