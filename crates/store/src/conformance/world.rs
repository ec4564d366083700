//! A small workspace to write entries from, the same in every run.

use proofroom_entry::{Draft, EntryKind, LogTip, LogWriter, Snapshot, Verified, VerifiedHeader};
use proofroom_ident::{
    AssetId, Audience, DocId, EntryHash, KeyId, LogClass, LogId, Millis, Nonce, SigningSecret, WorkspaceId,
};

use crate::{DocSummary, KeyValue, Pair, Store, StoreError};

/// One workspace with its genesis entry, and two people who write to it.
#[derive(Clone, Debug)]
pub struct World {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its first entry, by `ada`.
    pub genesis: Verified,
    /// Made the workspace.
    pub ada: SigningSecret,
    /// Works in it.
    pub bo: SigningSecret,
}

impl World {
    /// The workspace of a seed; other seeds give other workspaces.
    pub fn new(seed: u8) -> Self {
        let (ada, bo) = (SigningSecret::from_seed(&[seed; 32]), SigningSecret::from_seed(&[seed ^ 0xff; 32]));
        let mut writer = LogWriter::begin(
            WorkspaceId::ZERO,
            DocId::AUTHORITY,
            LogClass::Authority,
            ada.public(),
            LogId::from_bytes([seed; 16]),
            EntryHash::ZERO,
        );
        let draft = Draft {
            kind: EntryKind::Authority,
            auth_head: EntryHash::ZERO,
            claimed_at: Millis(0),
            key: KeyId::ZERO,
            nonce: Nonce::ZERO,
            tip_commit: [0; 32],
        };
        let genesis = writer.append(&draft, b"genesis", &ada).expect("a genesis entry is canonical");
        Self { workspace: genesis.workspace(), genesis, ada, bo }
    }

    /// The plan document.
    pub fn plan(&self) -> DocId {
        self.workspace.plan_doc()
    }

    /// The team's review document of an asset.
    pub fn team_review(&self) -> DocId {
        self.workspace.review_doc(AssetId::from_bytes([7; 16]), Audience::Team)
    }

    /// A new log of `author` in `doc`, named by one byte.
    pub fn log(&self, author: &SigningSecret, doc: DocId, name: u8) -> LogWriter {
        let log = LogId::from_bytes([name; 16]);
        LogWriter::begin(self.workspace, doc, LogClass::Changes, author.public(), log, EntryHash::ZERO)
    }

    /// The next entry of a log.
    pub fn next(&self, log: &mut LogWriter, author: &SigningSecret, payload: &[u8]) -> Verified {
        let draft = Draft {
            kind: EntryKind::Change,
            auth_head: self.genesis.hash(),
            claimed_at: Millis(log.seq()),
            key: KeyId::from_bytes([1; 16]),
            nonce: Nonce::from_bytes([2; 24]),
            tip_commit: [3; 32],
        };
        log.append(&draft, payload, author).expect("the draft is canonical and the author is the log's")
    }

    /// The first `n` entries of a new log, 100 bytes of payload each.
    pub fn run(&self, author: &SigningSecret, doc: DocId, name: u8, n: u8) -> Vec<Verified> {
        let mut log = self.log(author, doc, name);
        (1..=n).map(|i| self.next(&mut log, author, &[i; 100])).collect()
    }
}

/// All that a store tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Document summaries by workspace.
    pub docs: Vec<(WorkspaceId, DocSummary)>,
    /// Tips of all logs.
    pub tips: Vec<(WorkspaceId, LogTip)>,
    /// All entries, by log.
    pub entries: Vec<Verified>,
    /// All proofs.
    pub proofs: Vec<Pair>,
    /// Where logs begin that begin at a base.
    pub bases: Vec<VerifiedHeader>,
    /// All snapshots of documents.
    pub snapshots: Vec<Snapshot>,
    /// All values.
    pub values: Vec<KeyValue>,
}

/// Reads all that a store holds.
pub fn contents(store: &dyn Store) -> Result<Contents, StoreError> {
    let mut all = Contents { values: store.scan(b"")?, ..Contents::default() };
    for workspace in store.workspaces()? {
        all.proofs.extend(store.proofs(workspace)?);
        for summary in store.docs(workspace)? {
            all.docs.push((workspace, summary));
            all.bases.extend(store.bases(workspace, summary.doc)?);
            all.snapshots.extend(store.snapshots(workspace, summary.doc)?);
            for tip in store.tips(workspace, summary.doc)? {
                all.tips.push((workspace, tip));
                all.entries.extend(store.entries(workspace, summary.doc, tip.log, 1, usize::MAX)?);
            }
        }
    }
    Ok(all)
}
