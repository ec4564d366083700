//! Requests, briefs, and who reviews what.

use proofroom_authority::Role;
use proofroom_ident::{ContentHash, HashWords as _, Millis, WorkspaceId};
use proofroom_review::{
    AssetView, Deliverable, PlanEdit, PlanView, RequestKey, RequestState, RequestView, ReviewerRole,
};
use proofroom_store::Store;
use proofroom_web_wire::splice::Splice;
use proofroom_web_wire::{Notice, PlanAct, PlanReply, Reply, RequestCard, RequestScreen, SlotCard};

use crate::desk::{Desk, parse};
use crate::fault::DeskError;
use crate::forms;

impl<S: Store> Desk<S> {
    pub(crate) fn plan_act(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        act: PlanAct,
    ) -> Result<Reply, DeskError> {
        let reply = match act {
            PlanAct::Requests => self.requests(workspace)?,
            PlanAct::Request { request } => {
                PlanReply::Request(Box::new(self.request(now, workspace, parse(&request, "a request")?)?))
            }
            PlanAct::Check { form } => {
                let names = self.member_names(workspace)?;
                let plan = self.plan(workspace)?;
                PlanReply::Check(forms::check(&forms::form_of(&form, &plan)?, &plan, &names))
            }
            PlanAct::File { id, form } => {
                let id = parse(&id, "a request's id")?;
                let form = forms::form_of(&form, &*self.plan(workspace)?)?;
                let key = RequestKey::new(self.me()?.person(), id);
                // Asked twice across a change of leaders: once is enough.
                if self.plan(workspace)?.request(&key).is_none() {
                    let brief = form.brief_text();
                    self.edit_plan(
                        now,
                        workspace,
                        &[PlanEdit::AddRequest { id, form: Box::new(form), brief }],
                    )?;
                }
                PlanReply::Filed { request: key.to_string() }
            }
            PlanAct::SetForm { request, form } => {
                let key = parse(&request, "a request")?;
                let form = Box::new(forms::form_of(&form, &*self.plan(workspace)?)?);
                self.edit_plan(now, workspace, &[PlanEdit::SetForm { request: key, form }])?;
                PlanReply::Filed { request }
            }
            PlanAct::Splice { request, seen, changes } => {
                self.splice(now, workspace, parse(&request, "a request")?, &seen, changes)?
            }
            PlanAct::Answer { request, state, reason, questions } => {
                let edit =
                    answer(parse(&request, "a request")?, parse(&state, "a state")?, reason, questions);
                return self.edit_plan(now, workspace, &[edit]);
            }
            PlanAct::Assign { asset, person, role } => {
                let role: Option<ReviewerRole> = match role.as_str() {
                    "" => None,
                    word => Some(parse(word, "what a reviewer is")?),
                };
                let (asset, person) = (parse(&asset, "an asset")?, parse(&person, "a person")?);
                return self.edit_plan(now, workspace, &[PlanEdit::SetAssignment { asset, person, role }]);
            }
            PlanAct::Rename { asset, name } => {
                let edit = PlanEdit::RenameAsset { asset: parse(&asset, "an asset")?, name };
                return self.edit_plan(now, workspace, &[edit]);
            }
        };
        Ok(Reply::Plan(reply))
    }

    /// Writes edits of the plan, and tells everybody.
    pub(crate) fn edit_plan(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        edits: &[PlanEdit],
    ) -> Result<Reply, DeskError> {
        let receipt = self.act(now, workspace, |replica, step| replica.edit_plan(step, edits))?;
        self.tell(Notice::Changed { workspace: workspace.to_hex(), assets: Vec::new() });
        Ok(Reply::Kept { entry: receipt.entry.to_hex() })
    }

    fn requests(&mut self, workspace: WorkspaceId) -> Result<PlanReply, DeskError> {
        let may_file = self.role(workspace)?.is_some_and(Role::may_write);
        let requests = self.request_cards(workspace)?.into_iter().rev().collect();
        Ok(PlanReply::Requests { requests, may_file })
    }

    /// All requests, oldest first.
    pub(crate) fn request_cards(&mut self, workspace: WorkspaceId) -> Result<Vec<RequestCard>, DeskError> {
        let names = self.names(workspace)?;
        let plan = self.plan(workspace)?;
        let card = |request: &RequestView| RequestCard {
            key: request.key.to_string(),
            title: request.form.title.clone(),
            state: request.state.to_string(),
            reason: request.reason.clone().unwrap_or_default(),
            author: names.of(&request.key.owner),
            brief: request.brief.clone(),
            due: request.form.due.map(|d| d.to_string()).unwrap_or_default(),
            missing: forms::gaps(&request.form, &plan),
            created_at: request.created_at.0,
        };
        Ok(plan.requests.iter().map(card).collect())
    }

    fn request(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        key: RequestKey,
    ) -> Result<RequestScreen, DeskError> {
        let (role, me) = (self.role(workspace)?, self.me()?.person());
        let names = self.member_names(workspace)?;
        let cards = self.request_cards(workspace)?;
        let plan = self.plan(workspace)?;
        let request = plan.request(&key).ok_or(proofroom_replica::ReplicaError::UnknownRequest(key.id))?;
        let card = cards.into_iter().find(|card| card.key == key.to_string()).unwrap_or_default();
        let assets: Vec<&AssetView> = plan.assets.iter().filter(|a| a.request == Some(key)).collect();
        let mut slots = Vec::new();
        for deliverable in &request.form.deliverables {
            let due = deliverable.due.or(request.form.due);
            slots.push(self.slot(now, workspace, deliverable, due, &assets)?);
        }
        let fills = |a: &&&AssetView| {
            slots.iter().all(|s| s.asset.as_ref().is_none_or(|(id, _)| *id != a.id.to_hex()))
        };
        let strays = assets.iter().filter(fills).map(|a| (a.id.to_hex(), a.name.clone())).collect();
        let produces = role.is_some_and(|role| role >= Role::Producer);
        Ok(RequestScreen {
            card,
            form: forms::draft_of(&request.form),
            revision: revision(&request.brief),
            questions: request.questions.clone(),
            check: forms::check(&request.form, &plan, &names),
            slots,
            strays,
            may_edit: produces || (role.is_some_and(Role::may_write) && key.owner == me),
            may_triage: produces,
            may_add: produces,
        })
    }

    fn slot(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        deliverable: &Deliverable,
        due: Option<proofroom_review::Day>,
        assets: &[&AssetView],
    ) -> Result<SlotCard, DeskError> {
        let asset = filler(deliverable, assets);
        let (mut version, mut outcome) = (String::new(), String::new());
        let mut state = "expected";
        if let Some(asset) = asset {
            let card = self.asset_card(now, workspace, asset)?;
            version = card.versions.join(" and ");
            outcome = card.outcome;
            let approves = outcome.parse::<proofroom_review::Outcome>().is_ok_and(|o| o.approves());
            state = match (approves, version.is_empty()) {
                (true, _) => "approved",
                (false, false) => "filled",
                (false, true) => "expected",
            };
        }
        let today = today(now);
        Ok(SlotCard {
            deliverable: forms::deliverable_draft(deliverable),
            due: due.map(|d| d.to_string()).unwrap_or_default(),
            state: state.to_owned(),
            late: state == "expected" && due.is_some_and(|due| due < today),
            asset: asset.map(|a| (a.id.to_hex(), a.name.clone())),
            version,
            outcome,
        })
    }

    /// Edits a brief, if its text is the one that was seen.
    fn splice(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        key: RequestKey,
        seen: &str,
        changes: Vec<Splice>,
    ) -> Result<PlanReply, DeskError> {
        let unknown = || proofroom_replica::ReplicaError::UnknownRequest(key.id);
        let text = |plan: &PlanView| plan.request(&key).map(|r| r.brief.clone()).ok_or_else(unknown);
        let held = text(&*self.plan(workspace)?)?;
        let made = revision(&held) == seen;
        if !made || changes.is_empty() {
            return Ok(PlanReply::Brief { made, revision: revision(&held), text: held });
        }
        // From the end, so that each still counts in the text that was seen.
        let edit =
            |c: Splice| PlanEdit::SpliceBrief { request: key, at: c.at, delete: c.delete, insert: c.insert };
        let edits: Vec<PlanEdit> = changes.into_iter().rev().map(edit).collect();
        self.edit_plan(now, workspace, &edits)?;
        let text = text(&*self.plan(workspace)?)?;
        Ok(PlanReply::Brief { made, revision: revision(&text), text })
    }
}

fn answer(request: RequestKey, state: RequestState, reason: String, questions: Vec<String>) -> PlanEdit {
    let reason = Some(reason).filter(|r| !r.trim().is_empty());
    let questions: Vec<String> = questions.into_iter().filter(|q| !q.trim().is_empty()).collect();
    match (state, questions.is_empty()) {
        (RequestState::Returned, false) => PlanEdit::ReturnRequest { request, questions, reason },
        _ => PlanEdit::SetRequestState { request, state, reason },
    }
}

/// Names a brief's text: two texts of one name are one text.
fn revision(text: &str) -> String {
    ContentHash::of(text.as_bytes()).to_hex()
}

/// The asset that was added for a deliverable, else the one of its name.
fn filler<'a>(deliverable: &Deliverable, assets: &[&'a AssetView]) -> Option<&'a AssetView> {
    let is = |name: &str| name.to_lowercase() == deliverable.name.to_lowercase();
    let said = assets.iter().find(|a| a.slot.as_deref().is_some_and(is));
    let named = || assets.iter().find(|a| a.slot.is_none() && is(&a.name));
    said.or_else(named).copied()
}

/// The day, in UTC: a due date has no zone either.
fn today(now: Millis) -> proofroom_review::Day {
    const DAY_MS: u64 = 86_400_000;
    let first = proofroom_review::Day::new(1970, 1, 1).expect("that day existed");
    u32::try_from(now.0 / DAY_MS).ok().and_then(|days| first.plus(days)).unwrap_or(first)
}
