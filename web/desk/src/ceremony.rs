//! Signing: who decides shows that they are there, with the passphrase that their keys are under.
//!
//! What failed is counted in the store until a decision tells of it, as in the terminal.

use proofroom_ident::{AssetId, Millis, WorkspaceId};
use proofroom_replica::{DecisionChoice, ReplicaError, Step};
use proofroom_review::statement::{UserVerified, VerifiedBy};
use proofroom_store::{Batch, Store};
use proofroom_web_wire::{ChecklistCard, Reply, StatementCard};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::identity::Identity;
use crate::screens::thumbnail_of;

const ATTEMPTS: &[u8] = b"web/failed-attempts";

impl<S: Store> Desk<S> {
    /// Signs a decision.
    pub(crate) fn decide(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
        choice: DecisionChoice,
        passphrase: &str,
    ) -> Result<Reply, DeskError> {
        let verified = self.verified(passphrase)?;
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let statement = replica.draft_decision(&self.store, asset, choice.clone(), now)?;
        let route = replica.route(&self.store, asset, statement.version_hash)?;
        if route.regulated && verified.is_none() {
            return Err(DeskError::NoPassphrase(route.name.to_string()));
        }
        let told = verified.is_some();
        let choice = DecisionChoice { user_verified: verified, ..choice };
        let mut step = Step { store: &mut self.store, now, rng: &mut self.rng };
        let (receipt, _) = replica.decide(&mut step, asset, choice)?;
        if told {
            self.count_failed(0)?;
        }
        Ok(self.kept(now, workspace, asset, &receipt))
    }

    /// What a decision would sign, before it does, and what it takes.
    pub(crate) fn statement(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
        choice: DecisionChoice,
    ) -> Result<StatementCard, DeskError> {
        let replica = self.replicas.get_mut(&workspace).ok_or(ReplicaError::UnknownWorkspace(workspace))?;
        let statement = replica.draft_decision(&self.store, asset, choice, now)?;
        let route = replica.route(&self.store, asset, statement.version_hash)?;
        let view = replica.review(&self.store, asset, proofroom_ident::Audience::Everyone)?;
        let stage = route.stages.iter().find(|stage| stage.name.to_string() == statement.stage);
        let card = |item: &proofroom_review::route::ChecklistItem| ChecklistCard {
            item: item.item.clone(),
            text: item.text.clone(),
            required: item.required,
        };
        Ok(StatementCard {
            checklist: stage.map(|s| s.checklist.iter().map(card).collect()).unwrap_or_default(),
            text: statement.statement_text,
            meaning: statement.meaning.to_string(),
            stage: statement.stage,
            thumbnail: thumbnail_of(&view, statement.version_hash),
            needs_reason: route.regulated,
            needs_passphrase: route.regulated && self.sealed.is_none(),
        })
    }

    /// What the decision says of it; nothing where the keys are under no passphrase.
    fn verified(&mut self, passphrase: &str) -> Result<Option<UserVerified>, DeskError> {
        let Some(sealed) = &self.sealed else { return Ok(None) };
        let failed_attempts = self.failed_attempts()?;
        if let Err(error) = Identity::unseal(sealed, passphrase) {
            self.count_failed(failed_attempts.saturating_add(1))?;
            return Err(error.into());
        }
        Ok(Some(UserVerified { method: VerifiedBy::Passphrase, failed_attempts }))
    }

    /// How often the passphrase was wrong since a decision told of it.
    pub(crate) fn failed_attempts(&self) -> Result<u32, DeskError> {
        let held = self.store.get(ATTEMPTS)?.and_then(|bytes| bytes.try_into().ok());
        Ok(held.map_or(0, u32::from_le_bytes))
    }

    fn count_failed(&mut self, attempts: u32) -> Result<(), DeskError> {
        let mut batch = Batch::new();
        batch.put(ATTEMPTS.to_vec(), attempts.to_le_bytes().to_vec());
        Ok(self.store.commit(batch)?)
    }
}
