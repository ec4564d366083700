//! `witness`: a receipt for what others signed, by this machine's clock, or an authority's.

use clap::Args;
use proofroom_ident::{AssetId, EntryHash, WorkspaceId};
use proofroom_review::WitnessStatement;
use proofroom_stamp::Stamp;
use serde_json::json;

use super::{Call, Next};
use crate::failure::Failure;
use crate::find;
use crate::peer::Peer;
use crate::report::{Cell, Report, Tone};
use crate::when;

/// `proofroom witness`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  proofroom witness                                             every review with decisions that you have not witnessed
  proofroom witness Hero --authority http://tsa.example/tsr     with a time stamp (RFC 3161)

A receipt says, signed: by this moment my machine had these decisions in front of it. It bounds when they can have been
made, in the trail and in certificates. With an authority for time, its signed clock says so as well; only a hash
is sent to it. Nothing is written where nothing is new. `proofroom up` signs receipts by itself (--receipts): without an
authority, and with the word of the workspace's relay that it held the decisions. From a timer on a machine that is always up, as an example:
*/15 * * * * proofroom sync && proofroom witness && proofroom sync

JSON: {\"receipts\": [{\"asset\", \"name\", \"entry\", \"logs\", \"stamp\": {\"at\", \"authority\", \"certificate\"}}]}")]
pub struct Witness {
    /// One asset: its name or id
    asset: Option<String>,
    /// An authority for time that is asked for a stamp
    #[arg(long, value_name = "URL", env = "PROOFROOM_TIME_AUTHORITY")]
    authority: Option<String>,
}

/// A receipt that may be signed: as it is, or with the stamp that an authority gave.
#[derive(Debug)]
struct Draft {
    asset: AssetId,
    name: String,
    statement: WitnessStatement,
    stamp: Option<Stamp>,
}

/// Receipts that wait for the stamps of an authority. Whoever owns the store has other things to do
/// meanwhile.
#[derive(Debug)]
pub struct Stamping {
    workspace: WorkspaceId,
    url: String,
    drafts: Vec<(Draft, u64)>,
}

/// A receipt that was signed.
struct Written {
    asset: AssetId,
    name: String,
    entry: EntryHash,
    logs: usize,
    stamp: Option<Stamp>,
}

/// Drafts receipts, and signs those that need no stamp.
///
/// # Errors
/// When there is no such asset, or the store fails.
pub fn run(args: &Witness, peer: &mut Peer, call: &Call) -> Result<Next, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let assets: Vec<(AssetId, String)> = match &args.asset {
        Some(name) => find::asset(&plan, name).map(|a| vec![(a.id, a.name.clone())])?,
        None => plan.assets.iter().map(|a| (a.id, a.name.clone())).collect(),
    };
    let mut drafts = Vec::new();
    for (asset, name) in assets {
        let stamped = args.authority.is_some();
        let draft = seat.replica.draft_witness(seat.step.store, asset, stamped, seat.step.now)?;
        drafts.extend(draft.map(|statement| Draft { asset, name, statement, stamp: None }));
    }
    match &args.authority {
        Some(url) => {
            let drafts = drafts.into_iter().map(|draft| (draft, seat.step.rng.next_u64())).collect();
            Ok(Next::Stamp(Stamping { workspace, url: url.clone(), drafts }))
        }
        None => sign(peer, workspace, drafts).map(Next::from),
    }
}

impl Stamping {
    /// Asks the authority for every stamp.
    ///
    /// # Errors
    /// When it does not stamp one of them.
    pub async fn fetch(mut self) -> Result<Self, Failure> {
        for (draft, nonce) in &mut self.drafts {
            let (token, by) = stamped(&draft.statement, &self.url, *nonce).await?;
            draft.statement = draft.statement.clone().with_token(&token);
            draft.stamp = Some(by);
        }
        Ok(self)
    }

    /// Signs the receipts.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sign(self, peer: &mut Peer) -> Result<Report, Failure> {
        sign(peer, self.workspace, self.drafts.into_iter().map(|(draft, _)| draft).collect())
    }
}

fn sign(peer: &mut Peer, workspace: WorkspaceId, drafts: Vec<Draft>) -> Result<Report, Failure> {
    let mut seat = peer.seat(workspace)?;
    let mut written = Vec::new();
    for Draft { asset, name, statement, stamp } in drafts {
        let entry = seat.replica.witness(&mut seat.step, &statement)?.entry;
        written.push(Written { asset, name, entry, logs: statement.seen_heads.len(), stamp });
    }
    Ok(shown(&written))
}

/// The authority's token over a statement.
async fn stamped(statement: &WitnessStatement, url: &str, nonce: u64) -> Result<(Vec<u8>, Stamp), Failure> {
    let text = statement.stamped().map_err(|e| Failure::user(e.to_string()))?;
    let imprint = proofroom_stamp::imprint(text.as_bytes());
    let broken = |e: proofroom_stamp::StampError| Failure::verify(format!("{url}: {e}"));
    let request = proofroom_stamp::request(&imprint, nonce).map_err(broken)?;
    let answer = proofroom_notify::ask(url, "application/timestamp-query", request).await;
    let answer = answer.map_err(|e| {
        Failure::network(format!("the authority for time {url}: {e}"))
            .hint("`proofroom witness` without --authority signs by this machine's clock")
    })?;
    let token = proofroom_stamp::granted(&answer, &imprint, nonce).map_err(broken)?;
    let stamp = proofroom_stamp::verify(&token, &imprint, &[]).map_err(broken)?;
    Ok((token, stamp))
}

fn shown(written: &[Written]) -> Report {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let receipts: Vec<_> = written
        .iter()
        .map(|w| {
            let stamp = w.stamp.as_ref().map(
                |s| json!({"at": s.at_ms, "authority": s.authority, "certificate": hex(&s.certificate)}),
            );
            json!({"asset": w.asset, "name": w.name, "entry": w.entry, "logs": w.logs, "stamp": stamp})
        })
        .collect();
    let rows = written.iter().map(|w| {
        let stamp = w.stamp.as_ref().map_or_else(
            || "by this machine's clock".to_owned(),
            |s| format!("{}, {}", when::utc(proofroom_ident::Millis(s.at_ms)), s.authority),
        );
        vec![Cell::new(&w.name, Tone::Strong), Cell::from(w.entry.short()), Cell::from(stamp)]
    });
    Report::new(json!({"receipts": receipts})).table(
        &["WITNESSED", "ENTRY", "TIME"],
        rows.collect(),
        "Nothing new to witness",
    )
}
