//! A document at rest, for this device alone.
//!
//! ```text
//! version:u8=1  kind:u8  workspace:32  doc:16  automerge document: run
//! frozen:u32  { actor:32 entry:32 }
//! waiting:u32 { entry:32 person:32 role:u8 author:32 log:16 batch: run }
//! ```

use automerge::{Automerge, LoadOptions, TextEncoding};
use proofroom_ident::{
    ByteReader, ByteWriter, DocId, EntryHash, LogId, PersonId, ShortInput, SignerKey, WorkspaceId,
};

use crate::batch::write_batch;
use crate::guard::guard;
use crate::{Actor, DocKind, Document, Incoming, LoadError, Writer, WriterRole};

const VERSION: u8 = 1;

impl From<ShortInput> for LoadError {
    fn from(error: ShortInput) -> Self {
        Self::Cache(error.to_string())
    }
}

impl Document {
    /// The document, its frozen logs and its waiting entries, for this device's own cache.
    pub fn save(&self) -> Vec<u8> {
        let mut w = ByteWriter::default();
        w.u8(VERSION).u8(self.kind as u8).put(self.workspace.as_bytes()).put(self.doc.as_bytes());
        w.run(&self.am.save());
        let frozen: Vec<_> = self.queues.logs.iter().filter_map(|(a, q)| Some((a, q.frozen?))).collect();
        w.u32(count(frozen.len()));
        for (actor, entry) in frozen {
            w.put(actor.as_bytes()).put(entry.as_bytes());
        }
        let waiting: Vec<_> = self.queues.logs.values().flat_map(|queue| &queue.entries).collect();
        w.u32(count(waiting.len()));
        for pending in waiting {
            let Writer { person, role, author, log } = &pending.writer;
            w.put(pending.entry.as_bytes()).put(person.as_bytes());
            w.u8(u8::from(*role == WriterRole::Contributor)).put(author.as_bytes()).put(log.as_bytes());
            w.run(&write_batch(pending.changes.iter().map(|change| change.parsed.raw_bytes())));
        }
        w.finish()
    }

    /// Loads what [`Document::save`] wrote on this device. Nobody else's bytes: a
    /// crafted document chunk can name the same heads and hold other values.
    pub fn load_trusted(workspace: WorkspaceId, doc: DocId, bytes: &[u8]) -> Result<Self, LoadError> {
        let mut r = ByteReader::new(bytes);
        let version = r.u8("version")?;
        if version != VERSION {
            return Err(LoadError::Cache(format!("version {version}, {VERSION} is known")));
        }
        let kind = DocKind::from_byte(r.u8("kind")?);
        let kind = kind.ok_or_else(|| LoadError::Cache("unknown kind of document".to_owned()))?;
        if r.array("workspace")? != *workspace.as_bytes() || r.array("document")? != *doc.as_bytes() {
            return Err(LoadError::Cache("it is another document's".to_owned()));
        }
        let am = load(r.run("the document")?)?;
        let mut out = Self::of_trusted(kind, workspace, doc, am)?;
        // The queues first, the freezing after: what waits came before what was refused.
        let frozen = (0..r.u32("frozen logs")?)
            .map(|_| Ok((Actor::from_bytes(r.array("actor")?), EntryHash::from_bytes(r.array("entry")?))))
            .collect::<Result<Vec<_>, LoadError>>()?;
        let waiting =
            (0..r.u32("waiting entries")?).map(|_| read_waiting(&mut r)).collect::<Result<Vec<_>, _>>()?;
        if !r.is_empty() {
            return Err(LoadError::Cache("bytes are left over".to_owned()));
        }
        out.merge(waiting);
        for (actor, entry) in frozen {
            out.queues.logs.entry(actor).or_default().frozen = Some(entry);
        }
        Ok(out)
    }

    /// The document as a plain `.automerge` file, which other automerge tools read.
    pub fn export(&self) -> Vec<u8> {
        self.am.save()
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).expect("fewer entries than the 32 bits in which changes count")
}

fn read_waiting(r: &mut ByteReader<'_>) -> Result<Incoming, LoadError> {
    Ok(Incoming {
        entry: EntryHash::from_bytes(r.array("entry")?),
        writer: Writer {
            person: PersonId::from_bytes(r.array("person")?),
            role: if r.u8("role")? == 0 { WriterRole::Producer } else { WriterRole::Contributor },
            author: SignerKey::from_bytes(r.array("author")?),
            log: LogId::from_bytes(r.array("log")?),
        },
        payload: r.run("batch")?.to_vec(),
    })
}

/// Loads a document chunk; panics become errors.
pub(crate) fn load(chunk: &[u8]) -> Result<Automerge, LoadError> {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    match guard(|| Automerge::load_with_options(chunk, options)) {
        Ok(Ok(am)) => Ok(am),
        Ok(Err(error)) => Err(LoadError::Engine(error.to_string())),
        Err(panic) => Err(LoadError::Engine(panic)),
    }
}
