//! `erase`: words and files that somebody has a right to see gone.

use std::collections::BTreeMap;

use clap::Args;
use proofroom_ident::{AssetId, Audience, WorkspaceId};
use proofroom_replica::{Erasing, ToErase};
use proofroom_review::{Erased, LegalBasis};
use serde_json::json;

use super::Call;
use super::version::label_of;
use crate::failure::Failure;
use crate::find::{self, FoundComment};
use crate::peer::{Peer, Seat};
use crate::report::{Report, Tone};

/// `proofroom erase`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom erase --comment 4f2a --basis consent_withdrawn --reason \"asked on 3 March\"
  proofroom erase Hero --version v1 --basis contract --reason \"the licence ended\"
  proofroom erase Hero --version v1 --basis contract --reason \"the licence ended\" --dry-run
  proofroom erase --request \"Summer poster\" --basis objection --reason \"asked on 3 March\"

Owners and producers erase. Every member's machine and the relay forget the words, the files and their keys as soon as they
hear of it. What was signed stays: headers, hashes, signatures and decisions still verify, and trail and certificates
say what was erased, when, by whom and on what ground. It cannot be undone.

What is under a hold (`proofroom hold`), or is to be kept, is not erased. Requests lie in one document: while an asset that
answers one is held, none of them is erased.

Of a request go its form, its brief, and what was asked and said about it; categories, days and the care it needs stay.

Entries are erased as a whole. What else lies in the same ones is told, and goes only with --along.

What no program can promise: whoever opened or exported the words or files before may have a copy. So have backups.

JSON: {\"erased\": [{\"doc\", \"operation\", \"entries\", \"files\", \"what\", \"also\"}], \"basis\", \"reason\", \"dry_run\"}")]
pub struct Erase {
    /// The asset of which versions are erased: its name or id
    #[arg(required_unless_present_any = ["comment", "request"])]
    asset: Option<String>,
    /// A version whose files go, with what was made of them; may be given more than once
    #[arg(long, value_name = "VERSION", requires = "asset")]
    version: Vec<String>,
    /// A comment whose words go: its id; may be given more than once
    #[arg(long, value_name = "COMMENT", required_unless_present_any = ["version", "request"])]
    comment: Vec<String>,
    /// A request whose words go: its title or id; may be given more than once
    #[arg(long, value_name = "REQUEST")]
    request: Vec<String>,
    /// On what ground: no_longer_necessary, consent_withdrawn, objection, unlawful, legal_obligation, child
    /// (GDPR Art. 17), or contract
    #[arg(long, value_name = "BASIS")]
    basis: LegalBasis,
    /// Why, for the record. Leave out of it what is to be forgotten
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Erase as well what lies in the same entries
    #[arg(long)]
    along: bool,
    /// Tell what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// What is wanted, by document.
type Wanted = BTreeMap<(AssetId, Audience), ToErase>;

/// An erasure, and the review that it is of; none: of the plan.
type Draft = (Option<(AssetId, Audience)>, Erasing);

/// Erases, or tells what that would take.
///
/// # Errors
/// When this person may not, it is not there, or something else would go with it.
pub fn run(args: &Erase, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let mut drafts: Vec<Draft> = Vec::new();
    for ((asset, audience), wanted) in wanted(args, &mut seat)? {
        let draft = seat.replica.draft_erasure(seat.step.store, asset, audience, &wanted)?;
        drafts.push((Some((asset, audience)), draft));
    }
    if !args.request.is_empty() {
        let plan = seat.replica.plan(seat.step.store)?;
        let keys = args.request.iter().map(|text| find::request(&plan, text).map(|request| request.key));
        let keys = keys.collect::<Result<_, _>>()?;
        drafts.push((None, seat.replica.draft_erasure_of_requests(seat.step.store, &keys)?));
    }
    for (of, draft) in &drafts {
        if !draft.also.is_empty() && !args.along {
            let also = names(&mut seat, *of, &draft.also)?.join(", ");
            return Err(Failure::user(format!("{also} lies in the same entries, and would go with it"))
                .hint("--along erases that too; --dry-run tells all of it"));
        }
    }
    for (_, draft) in &drafts {
        seat.replica.require_free(seat.step.store, draft.doc, seat.step.now)?;
    }
    let report = told(args, &mut seat, &drafts)?;
    if !args.dry_run {
        peer.forget_erased(workspace)?;
        exchange_hint(peer, workspace, report)
    } else {
        Ok(report)
    }
}

fn exchange_hint(peer: &Peer, workspace: WorkspaceId, report: Report) -> Result<Report, Failure> {
    match peer.relay(workspace)? {
        Some(_) => Ok(report
            .line("`proofroom sync` tells the others; machines that are away hear of it when they are back")),
        None => Ok(report),
    }
}

fn wanted(args: &Erase, seat: &mut Seat<'_>) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::new();
    for text in &args.comment {
        let FoundComment { asset, audience, comment } = find::comment(seat, text)?;
        wanted.entry((asset, audience)).or_default().comments.insert(comment.key);
    }
    if let Some(asset) = &args.asset {
        let plan = seat.replica.plan(seat.step.store)?;
        let asset = find::asset(&plan, asset)?.id;
        let view = seat.replica.review(seat.step.store, asset, Audience::Everyone)?;
        for version in &args.version {
            let version = find::version(&view, version)?;
            wanted.entry((asset, Audience::Everyone)).or_default().versions.insert(version);
        }
    }
    Ok(wanted)
}

/// Carries the drafts out, unless they are only to be told, and says what they were.
fn told(args: &Erase, seat: &mut Seat<'_>, drafts: &[Draft]) -> Result<Report, Failure> {
    let verb = if args.dry_run { "Would erase" } else { "Erased" };
    let (mut listed, mut lines) = (Vec::new(), Vec::new());
    for (of, draft) in drafts {
        let what: Vec<Erased> = draft.what.iter().chain(&draft.also).cloned().collect();
        let words = names(seat, *of, &what)?;
        let operation = match args.dry_run {
            true => None,
            false => Some(seat.replica.erase(&mut seat.step, draft, args.basis, &args.reason)?),
        };
        lines.extend(words.into_iter().map(|word| format!("{verb} {word}")));
        listed.push(json!({
            "doc": draft.doc,
            "operation": operation,
            "entries": draft.entries(),
            "files": draft.blobs.len(),
            "what": draft.what,
            "also": draft.also,
        }));
    }
    let json = json!({"erased": listed, "basis": args.basis, "reason": args.reason, "dry_run": args.dry_run});
    let tone = if args.dry_run { Tone::Plain } else { Tone::Good };
    Ok(lines.into_iter().fold(Report::new(json), |report, line| report.toned(line, tone)))
}

/// What people call these things.
fn names(
    seat: &mut Seat<'_>,
    of: Option<(AssetId, Audience)>,
    what: &[Erased],
) -> Result<Vec<String>, Failure> {
    let plan = seat.replica.plan(seat.step.store)?;
    let Some((asset, audience)) = of else { return Ok(what.iter().map(ToString::to_string).collect()) };
    let asset_name = plan.asset(&asset).map_or_else(|| asset.short(), |a| a.name.clone());
    let view = seat.replica.review(seat.step.store, asset, audience)?;
    let name = |thing: &Erased| match thing {
        Erased::File { version, content } => {
            let file = view.name_of(content).unwrap_or_else(|| content.short());
            format!("{file} of {asset_name} {}", label_of(&view, *version))
        }
        Erased::Comment { comment } => format!("the words of comment {} on {asset_name}", comment.id.short()),
        Erased::Request { .. } => thing.to_string(),
    };
    Ok(what.iter().map(name).collect())
}
