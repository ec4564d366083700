//! The public face of the crate, under test.

mod acts;
mod anchors;
mod briefs;
mod calendars;
mod canonical;
mod edits;
mod intake;
mod manifests;
mod media;
mod probes;
mod renditions;
mod routes;
mod statements;
mod timecodes;
mod versions;
mod words;

use proofroom_ident::{AssetId, ContentHash, HashWords as _, Millis, PersonId};
use proofroom_review::{FileRef, Manifest};

const ADA: PersonId = PersonId::from_bytes([0xad; 32]);
const BO: PersonId = PersonId::from_bytes([0xb0; 32]);

fn file(name: &str) -> FileRef {
    FileRef {
        name: name.into(),
        media_type: "image/png".into(),
        bytes: 3,
        content: ContentHash::of(name.as_bytes()),
    }
}

fn manifest(note: &str, claimed_at: u64, parents: &[proofroom_ident::VersionHash]) -> Manifest {
    let mut parents = parents.to_vec();
    parents.sort_unstable();
    Manifest {
        asset: AssetId::from_bytes([1; 16]),
        parents,
        files: vec![file("hero.png")],
        note: note.into(),
        author: ADA,
        claimed_at: Millis(claimed_at),
    }
}
