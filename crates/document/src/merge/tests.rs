//! The second wall: what happens when automerge refuses what vetting let through.
//! No such change is known, so these put an honest scan around a change that is none.

use proofroom_ident::{EntryHash, HashWords as _, LogId, Millis, PersonId, SignerKey, WorkspaceId};
use proofroom_review::PlanEdit;

use super::{Incoming, Merged, Pending};
use crate::batch::write_batch;
use crate::vet::{Change, VetError, read_batch};
use crate::{DocKind, Document, RecordError, Writer, WriterRole, actor_for};

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);

fn fresh() -> Document {
    Document::new(DocKind::Plan, WORKSPACE, WORKSPACE.plan_doc())
}

fn writer(name: u8) -> Writer {
    Writer {
        person: PersonId::from_bytes([name; 32]),
        role: WriterRole::Producer,
        author: SignerKey::from_bytes([name; 32]),
        log: LogId::from_bytes([name; 16]),
    }
}

/// Two entries of one log.
fn entries(name: u8) -> Vec<Pending> {
    let (mut doc, writer) = (fresh(), writer(name));
    let mut entry = |text: &str| {
        let edit = PlanEdit::SetName { name: format!("{text} {name}") };
        let recorded = doc.record_plan(&writer, Millis(1), &[edit]).expect("an honest edit");
        let changes = read_batch(&recorded.payload, None).expect("an honest change");
        Pending { entry: EntryHash::of(&recorded.payload), writer, changes }
    };
    vec![entry("one"), entry("two")]
}

fn run(doc: &mut Document, logs: &[Vec<Pending>]) -> Merged {
    let mut out = Merged::default();
    let mut touched = std::collections::VecDeque::new();
    for pending in logs.iter().flatten() {
        let actor = actor_for(pending.writer.author, doc.doc, pending.writer.log);
        doc.queues.held.insert(pending.entry);
        doc.queues.logs.entry(actor).or_default().entries.push_back(pending.clone());
        touched.push_back(actor);
    }
    doc.run(touched, &mut out);
    out
}

#[test]
fn one_change_that_the_engine_refuses_costs_its_own_log_only() {
    for culprit in 0..9 {
        let mut logs: Vec<_> = (0..9).map(entries).collect();
        // Automerge gets a change of somebody who is not in the document and holds it back.
        let stranger: Change = entries(99)[1].changes[0].clone();
        let bad = &mut logs[culprit][0];
        bad.changes[0].parsed = stranger.parsed;
        let (bad, after) = (bad.entry, logs[culprit][1].entry);

        let mut doc = fresh();
        let merged = run(&mut doc, &logs);
        assert_eq!((merged.applied.len(), doc.changes(), doc.waiting()), (16, 16, 0));
        let [(first, VetError::Engine(_)), (second, VetError::Frozen(since))] = merged.refused.as_slice()
        else {
            panic!("{:?}", merged.refused)
        };
        assert_eq!((*first, *second, *since), (bad, after, bad));

        doc.record_plan(&writer(50), Millis(2), &[PlanEdit::SetName { name: "on".into() }])
            .expect("it goes on");
        doc = Document::load_trusted(WORKSPACE, doc.doc, &doc.save()).expect("it is whole");
        assert_eq!((*doc.plan()).clone(), doc.view_plan());

        logs.remove(culprit);
        let mut honest = fresh();
        run(&mut honest, &logs);
        honest
            .record_plan(&writer(50), Millis(2), &[PlanEdit::SetName { name: "on".into() }])
            .expect("likewise");
        assert_eq!((doc.heads(), doc.view_plan()), (honest.heads(), honest.view_plan()));
    }
}

#[test]
fn the_ledger_gives_back_what_it_learned() {
    let logs: Vec<_> = (0..3).map(entries).collect();
    let mut doc = fresh();
    let empty = format!("{:?}", doc.ledger.clone_without_names());
    run(&mut doc, &logs);
    doc.ledger.abandon_to(1);
    assert_eq!(format!("{:?}", doc.ledger.clone_without_names()), empty);
}

#[test]
fn a_document_that_cannot_be_made_again_shows_nothing_and_says_so() {
    let mut logs: Vec<_> = (0..3).map(entries).collect();
    let mut doc = fresh();
    run(&mut doc, &logs[..1]);
    assert!(!doc.plan().name.is_empty());
    doc.ledger.spoil();
    let stranger: Change = entries(99)[1].changes[0].clone();
    logs[1][0].changes[0].parsed = stranger.parsed;
    let culprit = logs[1][0].entry;
    let merged = run(&mut doc, &logs[1..]);
    assert_eq!((merged.applied.len(), merged.refused.len(), doc.waiting()), (0, 4, 0));
    assert_eq!((doc.changes(), doc.plan().name.as_str()), (0, ""));
    let edit = PlanEdit::SetName { name: "on".into() };
    assert_eq!(doc.record_plan(&writer(0), Millis(2), &[edit]), Err(RecordError::Frozen));
    let Pending { entry, writer, changes } = logs[0][0].clone();
    let payload = write_batch([changes[0].parsed.raw_bytes()]);
    let again = doc.merge(vec![Incoming { entry, writer, payload }]);
    assert_eq!((again.applied, again.refused), (vec![], vec![(entry, VetError::Frozen(culprit))]));
}
