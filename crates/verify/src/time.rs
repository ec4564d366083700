//! When: what others' receipts, authorities for time and relays add to the claims of those who signed.

use proofroom_certificate::About;
use proofroom_ident::{Audience, Millis};
use proofroom_workflow::SignedDecision;
use proofroom_workflow::view::Interval;

use crate::outcome::{Folded, time};
use crate::people::People;
use crate::record::{StampRecord, WordRecord};
use crate::shown::{Doc, Shown, Witness};
use crate::table::{Check, Table, s};

/// Narrows the intervals of the decisions that count, and tells them.
pub(crate) fn tell(about: &About, shown: &Shown, people: &People, folded: &mut Folded, table: &mut Table) {
    let docs = about
        .assets
        .iter()
        .filter_map(|asset| shown.docs.get(&about.workspace.review_doc(asset.asset, Audience::Everyone)));
    for doc in docs {
        for witness in &doc.witnesses {
            let (by, entry) = (people.name(&witness.person), witness.entry.short());
            if let Some(Err(error)) = &witness.stamp {
                table.note(Check::Time, format!("{by}'s receipt {entry}: {error}; it bounds nothing"));
            }
            if let Some(Err(error)) = &witness.word {
                table.note(
                    Check::Time,
                    format!("{by}'s receipt {entry}, the relay's word: {error}; it bounds nothing"),
                );
            }
        }
        for decision in &doc.decisions {
            narrow(doc, decision, folded);
        }
    }
    let (mut stamped, mut worded) = (0, 0);
    for (entry, counted) in &folded.counted {
        let (by, when, what) = (people.name(&counted.by), counted.claimed_at, counted.decision);
        table.note(Check::Time, format!("{by}, {what}: says {}; {}", time(when), within(counted.within)));
        if counted.within.not_after.is_some_and(|end| when > end) {
            let why = "says a later time than others witnessed: one of the clocks is wrong";
            table.note(Check::Time, format!("{by} {why}"));
        }
        let stamps = folded.stamps.get(entry).map(Vec::as_slice).unwrap_or_default();
        stamped += usize::from(!stamps.is_empty());
        stamps.iter().for_each(|stamp| table.note(Check::Time, told(&by, stamp)));
        let words = folded.words.get(entry).map(Vec::as_slice).unwrap_or_default();
        worded += usize::from(!words.is_empty());
        words.iter().for_each(|word| table.note(Check::Time, spoken(&by, word)));
    }
    let n = folded.counted.len();
    let with = |count: usize, what: &str| match count {
        0 => String::new(),
        k => format!("; {k} of them with {what}"),
    };
    let more = with(stamped, "a time stamp") + &with(worded, "a relay's word");
    table.tell(Check::Time, format!("claims of {n} decision{}, with what others witnessed{more}", s(n)));
}

/// What receipts say of one decision, if it counts.
fn narrow(doc: &Doc, decision: &SignedDecision, folded: &mut Folded) {
    let Some(counted) = folded.counted.get_mut(&decision.entry) else { return };
    let saw =
        |w: &&Witness| w.statement.seen_heads.get(&decision.log).is_some_and(|head| head.seq >= decision.seq);
    let end = &mut counted.within.not_after;
    for witness in doc.witnesses.iter().filter(saw) {
        if witness.person != decision.person {
            *end = earlier(*end, witness.statement.claimed_at);
        }
        if let Some(Ok(stamp)) = &witness.stamp {
            // Anybody can make an authority of their own: only one that the reader believes bounds anything.
            if stamp.vouched {
                *end = earlier(*end, Millis(stamp.at_ms));
            }
            folded.stamps.entry(decision.entry).or_default().push(StampRecord {
                entry: witness.entry,
                at: Millis(stamp.at_ms),
                authority: stamp.authority.clone(),
                certificate: stamp.certificate.iter().map(|byte| format!("{byte:02x}")).collect(),
                vouched: stamp.vouched,
            });
        }
        if let Some(Ok(word)) = &witness.word {
            if word.believed {
                *end = earlier(*end, word.at);
            }
            let (entry, at, relay, believed) = (witness.entry, word.at, word.relay, word.believed);
            folded.words.entry(decision.entry).or_default().push(WordRecord { entry, at, relay, believed });
        }
    }
}

fn earlier(end: Option<Millis>, at: Millis) -> Option<Millis> {
    Some(end.map_or(at, |end| end.min(at)))
}

fn told(by: &str, stamp: &StampRecord) -> String {
    let StampRecord { at, authority, certificate, vouched, .. } = stamp;
    let believed = if *vouched {
        "for whom an authority that you believe vouches".to_owned()
    } else {
        format!("whose certificate (SHA-256 {certificate}) nobody vouches for here")
    };
    format!("{by}'s decision was there by {}: a time stamp of {authority}, {believed}", time(*at))
}

fn spoken(by: &str, word: &WordRecord) -> String {
    let WordRecord { at, relay, believed, .. } = word;
    let believed = if *believed { "which you believe" } else { "whose clock nobody here vouches for" };
    format!("{by}'s decision was there by {}: the word of the relay {relay}, {believed}", time(*at))
}

fn within(interval: Interval) -> String {
    match (interval.not_before, interval.not_after) {
        (Some(from), Some(to)) => format!("others witnessed it between {} and {}", time(from), time(to)),
        (Some(from), None) => format!("it was after {}, nobody else witnessed it", time(from)),
        (None, Some(to)) => format!("others witnessed it by {}", time(to)),
        (None, None) => "nobody else witnessed when".into(),
    }
}
