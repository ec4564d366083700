//! The log slice: every signature, every chain, and the membership that they give.

use std::collections::{BTreeMap, BTreeSet};

use proofroom_authority::{Authority, Inserted};
use proofroom_certificate::{Certificate, Form, Piece, Withheld};
use proofroom_entry::{Header, LogTip, Verified, VerifiedHeader, check_link};
use proofroom_ident::{DocId, EntryHash, LogId};

use crate::table::{Check, Table, s};

/// The entries whose signatures hold.
pub(crate) struct Slice {
    /// Who may do what.
    pub membership: Authority,
    /// The logs of all documents but the membership.
    pub logs: BTreeMap<(DocId, LogId), Log>,
}

/// One log, in its order.
#[derive(Default)]
pub(crate) struct Log {
    pub items: Vec<Item>,
    /// Where its author signed a second history: nothing from here on counts.
    pub frozen: Option<u64>,
}

/// One entry.
pub(crate) struct Item {
    pub head: VerifiedHeader,
    pub form: Form,
    /// The whole entry, where it is shown.
    pub entry: Option<Verified>,
}

impl Item {
    pub fn header(&self) -> &Header {
        self.head.header()
    }

    /// Whether its payload was erased, as the certificate says.
    pub fn is_erased(&self) -> bool {
        self.form == Form::Withheld(Withheld::Erased)
    }
}

impl Slice {
    /// The entries of a document that may count, log by log.
    pub fn counting(&self, doc: DocId) -> impl Iterator<Item = &Item> {
        let from = (doc, LogId::ZERO);
        let logs = self.logs.range(from..).take_while(move |((d, _), _)| *d == doc);
        logs.flat_map(|(_, log)| {
            let frozen = log.frozen.unwrap_or(u64::MAX);
            log.items.iter().filter(move |item| item.header().seq < frozen)
        })
    }

    /// The last entry of every log.
    pub fn tips(&self) -> impl Iterator<Item = &Item> {
        self.logs.values().filter_map(|log| log.items.last())
    }
}

/// Checks every entry and every chain.
pub(crate) fn prove(certificate: &Certificate, table: &mut Table) -> Slice {
    let mut slice =
        Slice { membership: Authority::new(certificate.about().workspace), logs: BTreeMap::new() };
    let (mut sound, mut members) = (0usize, Vec::new());
    for piece in certificate.pieces() {
        match proved(piece, certificate) {
            Ok(item) => {
                sound += 1;
                match item.entry {
                    Some(entry) if entry.header().doc == DocId::AUTHORITY => members.push(entry),
                    _ => {
                        let h = item.head.header();
                        slice.logs.entry((h.doc, h.log)).or_default().items.push(item);
                    }
                }
            }
            Err(why) => table.fail(Check::Signatures, why),
        }
    }
    let n = certificate.pieces().len();
    table.tell(Check::Signatures, format!("{sound} of {n} entries are signed by the devices that they name"));
    admit(&mut slice.membership, &members, table);
    chains(&mut slice, &members, table);
    slice
}

fn proved(piece: &Piece, certificate: &Certificate) -> Result<Item, String> {
    let workspace = certificate.about().workspace;
    let form = piece.form();
    match piece.entry() {
        Some(entry) => {
            let entry = entry.verify(workspace).map_err(|e| e.to_string())?;
            Ok(Item { head: entry.head().clone(), form, entry: Some(entry) })
        }
        None => {
            let head = piece.head().clone().verify(workspace).map_err(|e| e.to_string())?;
            Ok(Item { head, form, entry: None })
        }
    }
}

fn admit(membership: &mut Authority, entries: &[Verified], table: &mut Table) {
    for entry in entries {
        match membership.insert(entry) {
            Ok(Inserted::New | Inserted::Waiting | Inserted::Known) => {}
            Err(error) => table.fail(Check::Membership, error.to_string()),
        }
    }
    for missing in membership.missing() {
        table.fail(Check::Membership, format!("membership entry {} is missing", missing.short()));
    }
    if membership.heads().is_empty() {
        table.fail(Check::Membership, "the workspace's first entry is missing".into());
    }
    for (entry, why) in membership.refused() {
        table.note(Check::Membership, format!("membership entry {} has no effect: {why}", entry.short()));
    }
    let (n, people) = (entries.len(), membership.state().members().count());
    let found = format!(
        "{n} entr{} from the workspace's first on, {people} members",
        if n == 1 { "y" } else { "ies" }
    );
    table.tell(Check::Membership, found);
}

/// Every log from its first entry on, each entry naming the one before; and each log's author's
/// earlier log of the same class.
fn chains(slice: &mut Slice, members: &[Verified], table: &mut Table) {
    let mut held: BTreeSet<EntryHash> = members.iter().map(Verified::hash).collect();
    held.extend(slice.logs.values().flat_map(|log| log.items.iter().map(|i| i.head.hash())));
    let mut twice = 0;
    for log in slice.logs.values_mut() {
        let heads: Vec<&VerifiedHeader> = log.items.iter().map(|i| &i.head).collect();
        let (frozen, doubled) = chain(&heads, table);
        log.frozen = frozen;
        twice += doubled;
        let of = &slice.membership;
        for item in log.items.iter().filter(|i| !of.contains(i.header().auth_head)) {
            let (entry, on) = (item.head.hash().short(), item.header().auth_head.short());
            table.fail(
                Check::Membership,
                format!("entry {entry} stands on membership entry {on}, which is missing"),
            );
        }
    }
    let mut by_log: BTreeMap<LogId, Vec<&VerifiedHeader>> = BTreeMap::new();
    for entry in members {
        by_log.entry(entry.header().log).or_default().push(entry.head());
    }
    twice += by_log.values().map(|heads| chain(heads, table).1).sum::<usize>();
    let firsts = slice.logs.values().filter_map(|log| log.items.first()).map(|item| item.head.header());
    for first in firsts.chain(members.iter().map(Verified::header)) {
        if first.seq == 1 && !first.prev_log_head.is_zero() && !held.contains(&first.prev_log_head) {
            let (log, by) = (first.log.short(), first.author.short());
            table.fail(Check::Gaps, format!("log {log} of device {by} goes on from a log that is missing"));
        }
    }
    let logs = slice.logs.len() + by_log.len();
    table.tell(Check::Gaps, format!("{logs} log{} from their first entries on", s(logs)));
    table.tell(
        Check::Equivocations,
        match twice {
            0 => "every position of every log was signed once".into(),
            n => format!("{n} position{} signed twice", s(n)),
        },
    );
}

/// Where a log has two entries at one position, and how many such positions there are.
fn chain(heads: &[&VerifiedHeader], table: &mut Table) -> (Option<u64>, usize) {
    let (mut tip, mut frozen, mut twice): (Option<LogTip>, Option<u64>, usize) = (None, None, 0);
    for head in heads {
        let h = head.header();
        if tip.is_some_and(|tip| tip.seq >= h.seq) {
            twice += 1;
            frozen = Some(frozen.map_or(h.seq, |at| at.min(h.seq)));
            let (log, seq, by) = (h.log.short(), h.seq, h.author.short());
            table.fail(Check::Equivocations, format!("device {by} signed two entries {seq} of log {log}"));
            continue;
        }
        match check_link(tip.as_ref(), head) {
            Ok(next) => tip = Some(next),
            // After a second history either branch may go on.
            Err(_) if frozen.is_some() => tip = Some(LogTip::after(head)),
            Err(error) => {
                table.fail(Check::Gaps, error.to_string());
                tip = Some(LogTip::after(head));
            }
        }
    }
    (frozen, twice)
}
