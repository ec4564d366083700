//! Edits of a plan document.

use automerge::transaction::Transactable as _;
use automerge::{ObjId, ObjType, ROOT};
use proofroom_ident::AssetId;
use proofroom_review::{
    Category, EditError, LibraryKey, PlanEdit, RequestForm, RequestKey, RequestState, ReviewerRole,
    canonical_json,
};

use super::Pen;
use crate::RecordError;
use crate::schema::{self, Collection};
use crate::vet::RequestStateNote;

impl Pen<'_, '_> {
    pub(super) fn plan(&mut self, edit: &PlanEdit) -> Result<(), RecordError> {
        match edit {
            PlanEdit::SetName { name } => {
                self.producer("only owners and producers name the workspace")?;
                self.set(&ROOT, schema::NAME, name)
            }
            PlanEdit::AddRequest { id, form, brief } => {
                let key = RequestKey::new(self.writer.person, *id);
                let record = self.make(Collection::Requests, &key.to_string())?;
                self.put_form(&record, form)?;
                self.write_text(&record, schema::BRIEF, brief)
            }
            PlanEdit::SetForm { request, form } => {
                self.owner_or_producer(request.owner, "this request is somebody else's")?;
                let record = self.request(request)?;
                self.put_form(&record, form)
            }
            PlanEdit::SpliceBrief { request, at, delete, insert } => {
                self.owner_or_producer(request.owner, "this brief is somebody else's")?;
                let record = self.request(request)?;
                self.splice(&record, schema::BRIEF, (*at, *delete), insert)
            }
            PlanEdit::SetRequestState { request, state, reason } => {
                self.set_request_state(request, *state, reason.as_deref())
            }
            PlanEdit::ReturnRequest { request, questions, reason } => {
                let note = RequestStateNote {
                    by: self.writer.person,
                    questions: questions.clone(),
                    reason: reason.clone(),
                    state: RequestState::Returned,
                    version: None,
                };
                self.put_request_state(request, &note)
            }
            PlanEdit::Shelve { item } => {
                let json = item.to_json().map_err(EditError::from)?;
                self.shelve(&item.key().map_err(EditError::from)?, &json)
            }
            PlanEdit::Unshelve { key } => self.shelve(key, schema::UNSHELVED),
            PlanEdit::AddAsset { id, name, category, request } => {
                self.add_asset(id, name, *category, request.as_ref())
            }
            PlanEdit::FillSlot { asset, slot } => {
                self.producer("only owners and producers say which deliverable an asset is")?;
                let record = self.asset(asset)?;
                self.set(&record, schema::SLOT, slot.as_deref().unwrap_or_default())
            }
            PlanEdit::RenameAsset { asset, name } => {
                self.producer("only owners and producers rename assets")?;
                let record = self.asset(asset)?;
                self.set(&record, schema::NAME, name)
            }
            PlanEdit::SetAssignment { asset, person, role } => {
                self.producer("only owners and producers assign reviewers")?;
                let record = self.asset(asset)?;
                let map = self.object(&record, schema::ASSIGNMENTS)?.ok_or(RecordError::NoAsset(*asset))?;
                let word = role.map_or(schema::UNASSIGNED, ReviewerRole::word);
                self.set(&map, &person.to_hex(), word)
            }
        }
    }

    fn request(&self, key: &RequestKey) -> Result<ObjId, RecordError> {
        self.find(Collection::Requests, &key.to_string())?.ok_or(RecordError::NoRequest(*key))
    }

    fn asset(&self, id: &AssetId) -> Result<ObjId, RecordError> {
        self.find(Collection::Assets, &id.to_hex())?.ok_or(RecordError::NoAsset(*id))
    }

    fn put_form(&mut self, record: &ObjId, form: &RequestForm) -> Result<(), RecordError> {
        let json = canonical_json(form).map_err(EditError::from)?;
        self.set(record, schema::FORM, &json)
    }

    fn set_request_state(
        &mut self,
        request: &RequestKey,
        state: RequestState,
        reason: Option<&str>,
    ) -> Result<(), RecordError> {
        let note = RequestStateNote {
            by: self.writer.person,
            questions: Vec::new(),
            reason: reason.map(str::to_owned),
            state,
            version: None,
        };
        self.put_request_state(request, &note)
    }

    fn put_request_state(
        &mut self,
        request: &RequestKey,
        note: &RequestStateNote,
    ) -> Result<(), RecordError> {
        self.owner_or_producer(request.owner, "this request is somebody else's")?;
        if note.state != RequestState::Submitted {
            self.producer("only owners and producers accept, return or decline requests")?;
        }
        let record = self.request(request)?;
        let json = canonical_json(note).map_err(EditError::from)?;
        self.set(&record, schema::STATE, &json)
    }

    fn shelve(&mut self, key: &LibraryKey, value: &str) -> Result<(), RecordError> {
        match key {
            // When somebody wants to be left in peace they say themselves.
            LibraryKey::Peace(person) if *person == self.writer.person => {}
            LibraryKey::Peace(_) => {
                return Err(RecordError::NotAllowed("people say for themselves how they are reminded"));
            }
            _ => self.producer("only owners and producers change forms, routes and calendars")?,
        }
        let library = self.collection(Collection::Library)?;
        self.set(&library, &key.to_string(), value)
    }

    fn add_asset(
        &mut self,
        id: &AssetId,
        name: &str,
        category: Category,
        request: Option<&RequestKey>,
    ) -> Result<(), RecordError> {
        self.producer("only owners and producers add assets")?;
        if let Some(request) = request {
            self.request(request)?;
        }
        let record = self.make(Collection::Assets, &id.to_hex())?;
        self.tx.put(&record, schema::NAME, name)?;
        self.tx.put(&record, schema::CATEGORY, category.word())?;
        self.tx.put(&record, schema::AUTHOR, self.writer.person.to_hex())?;
        if let Some(request) = request {
            self.tx.put(&record, schema::REQUEST, request.to_string())?;
        }
        self.tx.put_object(&record, schema::ASSIGNMENTS, ObjType::Map)?;
        Ok(())
    }
}
