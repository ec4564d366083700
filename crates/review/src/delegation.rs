//! Delegations: somebody may decide for somebody else, for a while.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, EntryHash, LogId, Millis, PersonId};
use serde::{Deserialize, Serialize};

use crate::canonical::canonical_form;
use crate::names::StageName;
use crate::statement::{SeenHead, StatementError};
use crate::text;

/// Largest canonical delegation, in bytes.
pub const DELEGATION_BYTES_MAX: usize = 1 << 16;
const SCOPE_MAX: usize = 1_000;

/// What a delegation is about; an empty list does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// These assets only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<AssetId>,
    /// Stages of these names only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageName>,
}

/// What a delegator signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "delegation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Delegation {
    /// Lets somebody decide for the signer.
    Grant {
        /// Who may decide.
        to: PersonId,
        /// About what.
        #[serde(default)]
        scope: Scope,
        /// From when.
        from: Millis,
        /// Until when, exclusive.
        until: Millis,
    },
    /// Ends a grant of the signer before its time.
    Revoke {
        /// The entry of the grant.
        grant: EntryHash,
    },
}

/// A delegation, and all that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationStatement {
    /// What is delegated.
    pub delegation: Delegation,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The causal frontier: what the signer had in front of them, per log.
    pub seen_heads: BTreeMap<LogId, SeenHead>,
    /// When they say they signed.
    pub claimed_at: Millis,
}

impl Scope {
    /// Whether it covers this stage of this asset's review.
    pub fn covers(&self, asset: &AssetId, stage: &StageName) -> bool {
        let assets = self.assets.is_empty() || self.assets.contains(asset);
        assets && (self.stages.is_empty() || self.stages.contains(stage))
    }

    /// Whether something lies in both.
    pub fn meets(&self, other: &Self) -> bool {
        fn meet<T: PartialEq>(a: &[T], b: &[T]) -> bool {
            a.is_empty() || b.is_empty() || a.iter().any(|x| b.contains(x))
        }
        meet(&self.assets, &other.assets) && meet(&self.stages, &other.stages)
    }
}

canonical_form!(DelegationStatement, StatementError, DELEGATION_BYTES_MAX);

impl DelegationStatement {
    /// Whether it may be signed.
    pub fn check(&self) -> Result<(), StatementError> {
        text::body("the reason", self.reason.as_deref().unwrap_or_default())?;
        if let Delegation::Grant { scope, from, until, .. } = &self.delegation {
            text::count("assets of a delegation", scope.assets.len(), SCOPE_MAX)?;
            text::count("stages of a delegation", scope.stages.len(), SCOPE_MAX)?;
            if until <= from {
                return Err(StatementError::Period);
            }
        }
        Ok(())
    }
}
