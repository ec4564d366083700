//! Honest input for each way in: where mutations begin.

use bytes::Bytes;
use proofroom_authority::Role;
use proofroom_ident::{DocId, VersionHash};
use proofroom_replica::Replica;
use proofroom_review::{Anchor, Selector};
use proofroom_store::Store as _;
use proofroom_sync::bundle::Export;
use proofroom_sync::limits::ENTRIES_BYTES_MAX;
use proofroom_sync::{Audiences, Code, Message};

use crate::machine::Machine;
use crate::people;
use crate::scenario::Scenario;
use crate::vetting::Vetting;

/// A few honest inputs, each with the name of its target.
pub fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut out = world();
    out.extend(Vetting::samples());
    out.extend(texts());
    out.extend(super::media::samples());
    out.extend(super::evidence::samples());
    let heads: [&[u8]; 6] = [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x02\x08\x02\0\0\0",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0",
        b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2mp41",
        b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\0\x02\0\0\0\x02\0\x08\0\x03",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>",
        b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n",
    ];
    out.extend(heads.iter().map(|bytes| ("media", bytes.to_vec())));
    out
}

/// What a founder's machine holds and sends.
fn world() -> Vec<(&'static str, Vec<u8>)> {
    let mut ada = Machine::new(1, 0);
    let workspace = ada.found().expect("a workspace is founded on a sound disk");
    people::add_assets(&mut ada).expect("the founder adds assets");
    let link =
        ada.act(0, |r: &mut Replica, s| r.invite(s, Role::Reviewer, 1, None, vec!["ws://relay".into()]));
    let link = link.expect("the founder invites");
    let mut out = vec![("link", link.to_string().into_bytes())];
    let mut entries = Vec::new();
    for doc in ada.disk.docs(workspace).expect("a sound disk") {
        for tip in ada.disk.tips(workspace, doc.doc).expect("a sound disk") {
            let log = ada.disk.entries(workspace, doc.doc, tip.log, 1, usize::MAX);
            entries.extend(log.expect("a sound disk"));
        }
    }
    for entry in &entries {
        out.push(("entry", entry.bytes().to_vec()));
        if entry.header().doc == DocId::AUTHORITY {
            out.push(("operation", entry.payload().to_vec()));
        }
    }
    let frame = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let messages = [
        Message::Refuse { code: Code::Gap, text: "not yet".into() },
        Message::Digests { last: true, docs: vec![(workspace.plan_doc(), [1; 32])] },
        Message::Coming { entries: 3 },
        Message::Entries(entries.iter().take(2).map(|e| frame(e.bytes())).collect()),
        Message::Part { total: 9, offset: 3, bytes: frame(b"part") },
        Message::Ack { batches: 2, refused: Vec::new() },
        Message::CaughtUp,
        Message::Prefer(vec![workspace.plan_doc()]),
    ];
    out.extend(messages.iter().map(|m| ("frame", m.encode().to_vec())));
    let (mut export, header) =
        Export::begin(&ada.disk, workspace, Audiences::ALL, &[]).expect("a sound disk");
    let mut bundle = header.to_vec();
    while let Some(bytes) = export.next_entries(&ada.disk).expect("a sound disk") {
        bundle.extend_from_slice(&bytes);
    }
    bundle.extend_from_slice(&export.finish());
    debug_assert!(bundle.len() < ENTRIES_BYTES_MAX, "a small sample");
    out.push(("bundle", bundle));
    out
}

fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let region = Selector::Whole;
    let anchor = Anchor { selectors: vec![region], ..Anchor::whole(VersionHash::from_bytes([1; 32])) };
    let mut out = vec![("statements", anchor.to_json().expect("an anchor is written").into_bytes())];
    for template in proofroom_review::route::ready_templates().unwrap_or_default() {
        out.extend(template.to_toml().ok().map(|text| ("files", text.into_bytes())));
    }
    let short =
        "# A title.\nseed 1\nrelays 2\nnet 1 2 3 4 5 6\nmeet ada bo\n0 bo joins producer\n9 bo cut in\n";
    let scenario = Scenario::parse(short).expect("a scenario that is read");
    out.push(("scenario", scenario.to_string().into_bytes()));
    out
}
