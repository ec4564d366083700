//! Statements in words, and what their signers had in front of them.

use proofroom_certificate::relay_word;
use proofroom_entry::EntryKind;
use proofroom_ident::{AssetId, LogId, Millis, WorkspaceId};
use proofroom_review::{
    ActStatement, DecisionStatement, Delegation, DelegationStatement, ProfileStatement, RecordAct,
    RecordStatement, WitnessStatement,
};
use proofroom_stamp::{Stamp, StampError};

use super::Item;
use super::values::{Change, Values};

/// The places that a statement's signer had in front of them.
pub(super) fn seen(item: &Item) -> Vec<(LogId, u64)> {
    let text = item.plain.as_ref().and_then(|plain| std::str::from_utf8(plain).ok()).unwrap_or_default();
    let heads = match item.entry.header().kind {
        EntryKind::Approval => DecisionStatement::from_json(text).ok().map(|d| d.seen_heads),
        EntryKind::Act => ActStatement::from_json(text).ok().map(|a| a.seen_heads),
        EntryKind::Delegation => DelegationStatement::from_json(text).ok().map(|d| d.seen_heads),
        EntryKind::Receipt => WitnessStatement::from_json(text).ok().map(|w| w.seen_heads),
        _ => None,
    };
    heads.into_iter().flatten().map(|(log, head)| (log, head.seq)).collect()
}

/// When what a receipt names was seen, as its signer says; `None` for other entries. It is signed a little
/// later, where an authority was waited for. What that authority says bounds nothing here: anybody can
/// make one, and whom to believe is asked of whoever verifies a certificate.
pub(super) fn seen_at(item: &Item) -> Option<Millis> {
    let plain = item.plain.as_ref().filter(|_| item.entry.header().kind == EntryKind::Receipt)?;
    let statement = WitnessStatement::from_json(std::str::from_utf8(plain).ok()?).ok()?;
    Some(statement.claimed_at)
}

/// The time stamp of a receipt, if there is one.
fn stamped(statement: &WitnessStatement) -> Option<Result<Stamp, StampError>> {
    let token = statement.token_bytes()?;
    let imprint = proofroom_stamp::imprint(statement.stamped().ok()?.as_bytes());
    Some(proofroom_stamp::verify(&token, &imprint, &[]))
}

fn witnessed(statement: &WitnessStatement, workspace: WorkspaceId) -> Change {
    let how = match stamped(statement) {
        None => String::new(),
        Some(Ok(stamp)) => format!(", stamped by {}", stamp.authority),
        Some(Err(error)) => format!("; {error}"),
    };
    let logs = format!("{} logs", statement.seen_heads.len());
    let change = Change::act(format!("witnessed the review{how}"));
    match (statement.relay, relay_word(workspace, statement)) {
        (Some(word), Some(Ok(()))) => change
            .about(format!("relay {}", word.key))
            .to(format!("{logs}, which the relay held by {} ms", word.at.0)),
        (Some(word), _) => {
            change.about(format!("relay {}", word.key)).to(format!("{logs}; the relay's word does not hold"))
        }
        _ => change.to(logs),
    }
}

fn recorded(statement: &RecordStatement) -> Change {
    let about = |assets: &[AssetId]| match assets {
        [] => "all assets".to_owned(),
        some => some.iter().map(|asset| format!("asset {asset}")).collect::<Vec<_>>().join(", "),
    };
    let change = match &statement.act {
        RecordAct::Erase(erasure) => {
            let what: Vec<String> = erasure.what.iter().map(ToString::to_string).collect();
            Change::act(format!("erased, on the ground {}", erasure.basis)).about(what.join(", "))
        }
        RecordAct::Hold { assets, until } => {
            let until =
                until.map_or_else(|| "until it is released".to_owned(), |at| format!("until {} ms", at.0));
            Change::act("put under legal hold").about(about(assets)).to(until)
        }
        RecordAct::Retain { class, assets, until } => Change::act(format!("to be kept as {class}"))
            .about(about(assets))
            .to(format!("until {} ms", until.0)),
        RecordAct::Release { ends } => Change::act("released").about(format!("record {ends}")),
    };
    Change { why: Some(statement.reason.clone()), ..change }
}

/// A statement in words; `None` for changes.
pub(super) fn statement(kind: EntryKind, plain: &[u8], values: &mut Values, item: &Item) -> Option<Change> {
    let text = std::str::from_utf8(plain).unwrap_or_default();
    let author = item.entry.header().author;
    Some(match kind {
        EntryKind::Approval => match DecisionStatement::from_json(text) {
            Ok(d) => {
                let place = (author, d.stage.clone(), d.version_hash);
                let old = values.decided(place, d.decision.to_string(), item.entry.hash());
                let conditions: Vec<String> = d.conditions.iter().map(|c| c.text.clone()).collect();
                let why = d.reason.clone().into_iter().chain(conditions).collect::<Vec<_>>().join("; ");
                Change {
                    act: format!("decided in stage {}", d.stage),
                    about: Some(format!("version {}", d.version_hash)),
                    old,
                    new: Some(d.decision.to_string()),
                    why: Some(why).filter(|why| !why.is_empty()),
                }
            }
            Err(error) => Change::act("a decision that does not read").to(error.to_string()),
        },
        EntryKind::Act => match ActStatement::from_json(text) {
            Ok(a) => Change {
                act: a.act.to_string(),
                about: Some(format!("version {}", a.version_hash)),
                old: None,
                new: None,
                why: a.reason,
            },
            Err(error) => Change::act("an act that does not read").to(error.to_string()),
        },
        EntryKind::Delegation => match DelegationStatement::from_json(text) {
            Ok(d) => {
                let change = match &d.delegation {
                    Delegation::Grant { to, from, until, .. } => Change::act("delegated")
                        .about(format!("person {to}"))
                        .to(format!("from {} ms until {} ms", from.0, until.0)),
                    Delegation::Revoke { grant } => {
                        Change::act("delegation revoked").about(format!("delegation {grant}"))
                    }
                };
                Change { why: d.reason, ..change }
            }
            Err(error) => Change::act("a delegation that does not read").to(error.to_string()),
        },
        EntryKind::Profile => match ProfileStatement::from_json(text) {
            Ok(p) => {
                let name = format!("{}, {}", p.printed_name, p.organisation);
                let old = values.named(author, name.clone());
                Change::act("printed name").to(name).from(old)
            }
            Err(error) => Change::act("a name that does not read").to(error.to_string()),
        },
        EntryKind::Receipt => match WitnessStatement::from_json(text) {
            Ok(w) => witnessed(&w, item.entry.workspace()),
            Err(error) => Change::act("a receipt that does not read").to(error.to_string()),
        },
        EntryKind::Record => match RecordStatement::from_json(text) {
            Ok(r) => recorded(&r),
            Err(error) => Change::act("a record that does not read").to(error.to_string()),
        },
        EntryKind::Change | EntryKind::Authority => return None,
    })
}
