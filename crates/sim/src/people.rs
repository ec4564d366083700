//! What honest people do: one act of a scenario on one machine.

use std::sync::Arc;

use proofroom_authority::Role;
use proofroom_ident::{
    AssetId, Audience, BlobHash, CommentId, ContentHash, DocId, HashWords as _, Millis, PersonId, RequestId,
    VersionHash, WorkspaceId,
};
use proofroom_replica::{DecisionChoice, Receipt, ReplicaError};
use proofroom_review::statement::Condition;
use proofroom_review::{
    Anchor, BlobKeyBytes, BlobRef, Category, CommentLabel, CommentState, Current, Decision, FileRef,
    Manifest, Pick, PlanEdit, RequestForm, ReviewEdit, ReviewView, ReviewerRole,
};

use crate::act::{Act, Verb};
use crate::cast::SECRET_WORD;
use crate::machine::{Machine, Trouble};

/// The assets that every world has.
pub(crate) const ASSETS: [AssetId; 2] = [AssetId::from_bytes([0xa5; 16]), AssetId::from_bytes([0xa6; 16])];

fn nothing(what: &str) -> Trouble {
    Trouble::Declined(format!("there is no {what}"))
}

fn nth<T>(of: &[T], n: u64) -> Option<&T> {
    of.get(usize::try_from(n % of.len().max(1) as u64).unwrap_or(0))
}

fn text(act: &Act, now_ms: u64) -> String {
    format!("{} {SECRET_WORD} {} at {now_ms}", act.verb.word(), act.n)
}

/// Adds the assets, as the founder.
pub(crate) fn add_assets(machine: &mut Machine) -> Result<Receipt, Trouble> {
    let add = |(i, id): (usize, &AssetId)| PlanEdit::AddAsset {
        id: *id,
        name: format!("Asset {SECRET_WORD} {i}"),
        category: Category::Visual,
        request: None,
    };
    let edits: Vec<_> = ASSETS.iter().enumerate().map(add).collect();
    machine.act(0, |r, s| r.edit_plan(s, &edits))
}

/// The document that a snapshot is made of.
pub(crate) fn snapshot_doc(workspace: WorkspaceId, act: &Act) -> DocId {
    let audience = if act.team { Audience::Team } else { Audience::Everyone };
    match usize::try_from(act.n.unsigned_abs() % 3).unwrap_or(2) {
        2 => workspace.plan_doc(),
        asset => workspace.review_doc(ASSETS[asset], audience),
    }
}

/// Does one act. `whom` is the person that the act names.
pub(crate) fn act(
    machine: &mut Machine,
    now_ms: u64,
    act: &Act,
    whom: Option<PersonId>,
) -> Result<Option<Receipt>, Trouble> {
    let n = act.n.unsigned_abs();
    let person = || whom.ok_or_else(|| nothing("such person"));
    let receipt = match act.verb {
        Verb::Requests | Verb::Briefs | Verb::Renames | Verb::Assigns => plan(machine, now_ms, act, whom)?,
        Verb::Comments | Verb::Replies | Verb::Marks | Verb::Rewords => discuss(machine, now_ms, act)?,
        Verb::Submits => submit(machine, now_ms, act)?,
        Verb::Picks => pick(machine, now_ms, n)?,
        Verb::Decides => decide(machine, now_ms, act)?,
        Verb::Removes => {
            let person = person()?;
            machine.act(now_ms, |r, s| r.remove(s, person))?
        }
        Verb::Ranks => {
            let (person, role) = (person()?, act.role.unwrap_or(Role::Reviewer));
            machine.act(now_ms, |r, s| r.set_role(s, person, role))?
        }
        Verb::Rotates => {
            let link = machine.act(now_ms, |r, s| r.invite(s, Role::Guest, 1, None, Vec::new()))?;
            machine.act(now_ms, |r, s| r.revoke_invite(s, link.secret.id()))?
        }
        Verb::Adopts => {
            let person = person()?;
            return machine.act(now_ms, |r, s| r.adopt(s, person)).map(|all| all.last().copied());
        }
        _ => return Err(nothing("such act of a person")),
    };
    Ok(Some(receipt))
}

fn plan(machine: &mut Machine, now_ms: u64, act: &Act, whom: Option<PersonId>) -> Result<Receipt, Trouble> {
    let n = act.n.unsigned_abs();
    let asset = ASSETS[usize::try_from(n % 2).unwrap_or(0)];
    let view = machine.act(now_ms, |r, s| r.plan(s.store))?;
    let edit = match act.verb {
        Verb::Requests => PlanEdit::AddRequest {
            id: RequestId::from_bytes(id(machine)),
            form: Box::new(form()),
            brief: text(act, now_ms),
        },
        Verb::Briefs => {
            let request = nth(&view.requests, n).ok_or_else(|| nothing("request"))?;
            let units = request.brief.encode_utf16().count();
            let at = usize::try_from(n).unwrap_or(0) % (units + 1);
            PlanEdit::SpliceBrief {
                request: request.key,
                at,
                delete: (units - at).min(usize::try_from(n % 4).unwrap_or(0)),
                insert: format!(" {SECRET_WORD}{n}"),
            }
        }
        Verb::Renames => PlanEdit::RenameAsset { asset, name: text(act, now_ms) },
        _ => PlanEdit::SetAssignment {
            asset,
            person: whom.ok_or_else(|| nothing("such person"))?,
            role: nth(ReviewerRole::ALL, n / 2).copied().filter(|_| !n.is_multiple_of(7)),
        },
    };
    machine.act(now_ms, |r, s| r.edit_plan(s, &[edit]))
}

fn form() -> RequestForm {
    let json = serde_json::json!({
        "title": format!("Poster {SECRET_WORD}"), "categories": ["visual"], "objective": "to be seen",
        "audience": "passers-by", "message": "look here", "mandatories": ["logo"], "deliverables": [],
        "approvers": ["Ada"], "risk_class": "standard",
    });
    serde_json::from_value(json).expect("the form's fields have these names")
}

fn id(machine: &mut Machine) -> [u8; 16] {
    use rand_core::Rng as _;
    let mut out = [0; 16];
    machine.rng.fill_bytes(&mut out);
    out
}

fn review(
    machine: &mut Machine,
    now_ms: u64,
    asset: AssetId,
    audience: Audience,
) -> Result<Arc<ReviewView>, Trouble> {
    machine.act(now_ms, |r, s| r.review(s.store, asset, audience))
}

fn discuss(machine: &mut Machine, now_ms: u64, act: &Act) -> Result<Receipt, Trouble> {
    let n = act.n.unsigned_abs();
    let asset = ASSETS[usize::try_from(n % 2).unwrap_or(0)];
    let audience = if act.team { Audience::Team } else { Audience::Everyone };
    let view = review(machine, now_ms, asset, audience)?;
    let me = machine.me.person();
    let comment = nth(&view.comments, n / 2);
    let edit = match act.verb {
        Verb::Comments | Verb::Replies => {
            let versions = review(machine, now_ms, asset, Audience::Everyone)?;
            let versions: Vec<VersionHash> = versions.versions.keys().copied().collect();
            let version = *nth(&versions, n / 2).ok_or_else(|| nothing("version"))?;
            let parent = comment.filter(|_| act.verb == Verb::Replies).map(|c| c.key);
            ReviewEdit::AddComment {
                id: CommentId::from_bytes(id(machine)),
                body: text(act, now_ms),
                anchor: Box::new(Anchor::whole(version)),
                label: *nth(CommentLabel::ALL, n).expect("there are labels"),
                parent,
            }
        }
        Verb::Marks => {
            let comment = comment.ok_or_else(|| nothing("comment"))?;
            let state = *nth(CommentState::ALL, n / 2).expect("there are states");
            ReviewEdit::SetCommentState { comment: comment.key, state }
        }
        _ => {
            let own: Vec<_> = view.comments.iter().filter(|c| c.key.owner == me).collect();
            let comment = nth(&own, n / 2).ok_or_else(|| nothing("comment of theirs"))?;
            let units = comment.body.encode_utf16().count();
            let at = usize::try_from(n).unwrap_or(0) % (units + 1);
            let insert = format!(" {SECRET_WORD}{n}");
            ReviewEdit::EditComment { comment: comment.key, at, delete: 0, insert }
        }
    };
    machine.act(now_ms, |r, s| r.edit_review(s, asset, audience, &[edit]))
}

fn submit(machine: &mut Machine, now_ms: u64, act: &Act) -> Result<Receipt, Trouble> {
    let n = act.n.unsigned_abs();
    let asset = ASSETS[usize::try_from(n % 2).unwrap_or(0)];
    let view = review(machine, now_ms, asset, Audience::Everyone)?;
    let mut parents = view.current().heads().to_vec();
    if n.is_multiple_of(3) {
        parents.truncate(1);
    }
    parents.sort_unstable();
    let words = format!("{} {}", text(act, now_ms), machine.place);
    let content = ContentHash::of(words.as_bytes());
    let manifest = Manifest {
        asset,
        parents,
        files: vec![FileRef { name: "hero.png".into(), media_type: "image/png".into(), bytes: 1, content }],
        note: words.clone(),
        author: machine.me.person(),
        claimed_at: machine.clock(now_ms),
    };
    let key = BlobKeyBytes::from_bytes([7; 32]);
    let blob = BlobRef { blob: BlobHash::of(words.as_bytes()), key, bytes: 1, content };
    let edit = ReviewEdit::AddVersion { manifest: Box::new(manifest), blobs: vec![blob] };
    machine.act(now_ms, |r, s| r.edit_review(s, asset, Audience::Everyone, &[edit]))
}

fn pick(machine: &mut Machine, now_ms: u64, n: u64) -> Result<Receipt, Trouble> {
    let asset = ASSETS[usize::try_from(n % 2).unwrap_or(0)];
    let view = review(machine, now_ms, asset, Audience::Everyone)?;
    let Current::Fork(heads) = view.current() else { return Err(nothing("fork")) };
    let version = *nth(&heads, n / 2).ok_or_else(|| nothing("fork"))?;
    let (me, at): (PersonId, Millis) = (machine.me.person(), machine.clock(now_ms));
    let pick = Pick::among(&view.current(), version, &view.picks, me, at).ok_or_else(|| nothing("fork"))?;
    let edit = ReviewEdit::PickVersion { pick };
    machine.act(now_ms, |r, s| r.edit_review(s, asset, Audience::Everyone, &[edit]))
}

fn decide(machine: &mut Machine, now_ms: u64, act: &Act) -> Result<Receipt, Trouble> {
    let n = act.n.unsigned_abs();
    let asset = ASSETS[usize::try_from(n % 2).unwrap_or(0)];
    let decision = *nth(Decision::ALL, n / 2).expect("there are decisions");
    let conditions = match decision {
        Decision::ApprovedWithChanges => vec![Condition { text: text(act, now_ms), comment: None }],
        _ => Vec::new(),
    };
    let choice =
        DecisionChoice { reason: Some(text(act, now_ms)), conditions, ..DecisionChoice::of(decision) };
    let done: Result<_, Trouble> = machine.act(now_ms, |r, s| -> Result<_, ReplicaError> {
        r.decide(s, asset, choice).map(|(receipt, _)| receipt)
    });
    done
}
