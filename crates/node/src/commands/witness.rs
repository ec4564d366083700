//! `witness`: a receipt for what others signed, by this machine's clock, or an authority's.

use clap::Args;
use proofroom_ident::{AssetId, EntryHash};
use proofroom_review::WitnessStatement;
use serde_json::json;

use super::Call;
use crate::failure::Failure;
use crate::find;
use crate::peer::{Peer, Seat};
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
is sent to it. Nothing is written where nothing is new. From a timer on a machine that is always up, as an example:
*/15 * * * * proofroom sync && proofroom witness && proofroom sync

JSON: {\"receipts\": [{\"asset\", \"name\", \"entry\", \"logs\", \"stamp\": {\"at\", \"authority\", \"certificate\"}}]}")]
pub struct Witness {
    /// One asset: its name or id
    asset: Option<String>,
    /// An authority for time that is asked for a stamp
    #[arg(long, value_name = "URL", env = "PROOFROOM_TIME_AUTHORITY")]
    authority: Option<String>,
}

/// A receipt that was signed.
struct Written {
    asset: AssetId,
    name: String,
    entry: EntryHash,
    logs: usize,
    stamp: Option<proofroom_stamp::Stamp>,
}

/// Signs receipts.
///
/// # Errors
/// When the authority does not stamp, or the store fails.
pub fn run(args: &Witness, peer: &mut Peer, call: &Call) -> Result<Report, Failure> {
    let workspace = find::workspace(peer, call.workspace.as_deref())?;
    let mut seat = peer.seat(workspace)?;
    let plan = seat.replica.plan(seat.step.store)?;
    let assets: Vec<(AssetId, String)> = match &args.asset {
        Some(name) => find::asset(&plan, name).map(|a| vec![(a.id, a.name.clone())])?,
        None => plan.assets.iter().map(|a| (a.id, a.name.clone())).collect(),
    };
    let mut written = Vec::new();
    for (asset, name) in assets {
        written.extend(one(&mut seat, asset, name, args.authority.as_deref())?);
    }
    Ok(shown(&written))
}

fn one(
    seat: &mut Seat<'_>,
    asset: AssetId,
    name: String,
    authority: Option<&str>,
) -> Result<Option<Written>, Failure> {
    let now = seat.step.now;
    let draft = seat.replica.draft_witness(seat.step.store, asset, authority.is_some(), now)?;
    let Some(mut statement) = draft else { return Ok(None) };
    let logs = statement.seen_heads.len();
    let mut stamp = None;
    if let Some(url) = authority {
        let nonce = seat.step.rng.next_u64();
        let (token, by) = stamped(&statement, url, nonce)?;
        statement = statement.with_token(&token);
        stamp = Some(by);
    }
    let entry = seat.replica.witness(&mut seat.step, &statement)?.entry;
    Ok(Some(Written { asset, name, entry, logs, stamp }))
}

/// The authority's token over a statement.
fn stamped(
    statement: &WitnessStatement,
    url: &str,
    nonce: u64,
) -> Result<(Vec<u8>, proofroom_stamp::Stamp), Failure> {
    let text = statement.stamped().map_err(|e| Failure::user(e.to_string()))?;
    let imprint = proofroom_stamp::imprint(text.as_bytes());
    let broken = |e: proofroom_stamp::StampError| Failure::verify(format!("{url}: {e}"));
    let request = proofroom_stamp::request(&imprint, nonce).map_err(broken)?;
    let answer = proofroom_notify::ask(url, "application/timestamp-query", request);
    let answer = crate::runtime()?.block_on(answer);
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
