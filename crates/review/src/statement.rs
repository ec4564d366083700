//! What people sign: decisions and profiles, as standalone statements.
//!
//! A statement is canonical JSON inside a signed entry. It names everything that
//! its signer had in front of them, so that it can be proved outside the
//! document that it was made in.

use std::collections::BTreeMap;

use proofroom_ident::{ContentHash, DocId, EntryHash, LogId, Millis, PersonId, VersionHash};
use serde::{Deserialize, Serialize};

use crate::canonical::{CanonicalError, canonical_form, canonical_json};
use crate::owned::CommentKey;
use crate::text::{self, TextError};
use crate::words::{Decision, ReviewerRole, SignMeaning};

/// Largest canonical statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 4 << 20;
const PARTS_MAX: usize = 10_000;
/// UTC+14:00 and UTC-12:00 are the widest offsets in use; the sign is symmetric for safety.
const UTC_OFFSET_MIN_MAX: u16 = 14 * 60;

/// A statement cannot be signed or taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is not in canonical form.
    #[error("statement: {0}")]
    Canonical(#[from] CanonicalError),
    /// A text breaks its limit.
    #[error("statement: {0}")]
    Text(#[from] TextError),
    /// An approval with changes says which changes.
    #[error("approved_with_changes needs at least one condition: say what must change")]
    NoConditions,
    /// Only an approval with changes has conditions.
    #[error("{0} takes no conditions: use approved_with_changes, or say it in the reason")]
    StrayConditions(Decision),
    /// The signature's meaning contradicts the decision.
    #[error("a signature that means {meaning} does not go with {decision}")]
    Meaning {
        /// The meaning.
        meaning: SignMeaning,
        /// The decision.
        decision: Decision,
    },
    /// No time zone is that far from UTC.
    #[error("a UTC offset of {0} minutes does not exist")]
    UtcOffset(i16),
    /// It names another review document than the one that it was found in.
    #[error("the statement is about another review")]
    OtherReview,
    /// A submission's route does not hold.
    #[error("the route does not hold: {0}")]
    Route(String),
    /// A delegation ends before it begins.
    #[error("a delegation ends after it begins")]
    Period,
    /// A list is not in its one order.
    #[error("statement: {0} are sorted and unique")]
    NotSorted(&'static str),
}

/// A condition of an approval with changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What must change.
    pub text: String,
    /// The comment that says so at length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentKey>,
}

/// One answer of a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistAnswer {
    /// The item's name.
    pub item: String,
    /// The hash of the item's text as it was shown.
    pub text_hash: ContentHash,
    /// The answer.
    pub answer: String,
}

/// How far the signer had seen one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenHead {
    /// Position of the last entry.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
}

/// Who signs, as printed beside the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Their name.
    pub printed_name: String,
    /// What they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_title: Option<String>,
    /// For whom they sign.
    pub organisation: String,
}

/// How the signer showed, at the signing, that they were at the device: they typed its passphrase, or an
/// authenticator knew them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserVerified {
    /// How.
    pub method: VerifiedBy,
    /// How often it failed on this device since it last succeeded.
    pub failed_attempts: u32,
}

/// A way to show that somebody is at a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifiedBy {
    /// The passphrase that the device's keys are under.
    Passphrase,
    /// The platform's authenticator.
    Authenticator,
}

/// A decision, and all that its signature covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionStatement {
    /// The review document; derived from workspace and asset, so it binds both.
    pub review: DocId,
    /// The stage of the route.
    pub stage: String,
    /// What the signer is to the stage; absent when nobody asked them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<ReviewerRole>,
    /// For whom they decide, under a delegation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PersonId>,
    /// The version that they decide on.
    pub version_hash: VersionHash,
    /// The renditions that they looked at, sorted.
    pub renditions_viewed: Vec<ContentHash>,
    /// The route; absent for the built-in one: a single stage that waits for all mandatory assignees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_hash: Option<ContentHash>,
    /// The brief that they measured it by; absent where the asset answers no request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief_hash: Option<ContentHash>,
    /// The decision.
    pub decision: Decision,
    /// What the signature means.
    pub meaning: SignMeaning,
    /// The sentence that was shown above the signature.
    pub statement_text: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What must change; with `approved_with_changes` only.
    pub conditions: Vec<Condition>,
    /// Answers to the stage's checklist.
    pub checklist: Vec<ChecklistAnswer>,
    /// The check results that were on the screen, sorted.
    pub checks_seen: Vec<ContentHash>,
    /// The causal frontier: what the signer had in front of them, per log.
    pub seen_heads: BTreeMap<LogId, SeenHead>,
    /// The comments that were open in front of them, sorted.
    pub open_comments: Vec<CommentKey>,
    /// How the signer was verified at the signing; absent where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verified: Option<UserVerified>,
    /// Who signs.
    pub signer: Signer,
    /// When they say they signed.
    pub claimed_at: Millis,
    /// Their clock's offset from UTC, in minutes.
    pub utc_offset_min: i16,
}

canonical_form!(DecisionStatement, StatementError, STATEMENT_BYTES_MAX);

impl DecisionStatement {
    /// Whether it may be signed.
    pub fn check(&self) -> Result<(), StatementError> {
        self.check_decision()?;
        self.check_texts()?;
        let sorted = [
            ("renditions viewed", self.renditions_viewed.is_sorted_by(|a, b| a < b)),
            ("checks seen", self.checks_seen.is_sorted_by(|a, b| a < b)),
            ("open comments", self.open_comments.is_sorted_by(|a, b| a < b)),
        ];
        match sorted.iter().find(|(_, ok)| !ok) {
            Some((what, _)) => Err(StatementError::NotSorted(what)),
            None => Ok(()),
        }
    }

    fn check_decision(&self) -> Result<(), StatementError> {
        let with_changes = self.decision == Decision::ApprovedWithChanges;
        if with_changes && self.conditions.is_empty() {
            return Err(StatementError::NoConditions);
        }
        if !with_changes && !self.conditions.is_empty() {
            return Err(StatementError::StrayConditions(self.decision));
        }
        if !self.meaning.fits(self.decision) {
            return Err(StatementError::Meaning { meaning: self.meaning, decision: self.decision });
        }
        if self.utc_offset_min.unsigned_abs() > UTC_OFFSET_MIN_MAX {
            return Err(StatementError::UtcOffset(self.utc_offset_min));
        }
        Ok(())
    }

    fn check_texts(&self) -> Result<(), StatementError> {
        text::line("the stage", &self.stage)?;
        text::body("the statement", &self.statement_text)?;
        text::body("the reason", self.reason.as_deref().unwrap_or_default())?;
        text::count("conditions", self.conditions.len(), PARTS_MAX)?;
        text::count("checklist answers", self.checklist.len(), PARTS_MAX)?;
        for condition in &self.conditions {
            if condition.text.trim().is_empty() {
                return Err(TextError::Empty { field: "a condition" }.into());
            }
            text::body("a condition", &condition.text)?;
        }
        for answer in &self.checklist {
            text::line("a checklist item", &answer.item)?;
            text::body("a checklist answer", &answer.answer)?;
        }
        check_person(&self.signer.printed_name, &self.signer.organisation, self.signer.role_title.as_deref())
    }
}

/// Who a person is, in their own words; shown wherever they sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileStatement {
    /// Their name.
    pub printed_name: String,
    /// For whom they work.
    pub organisation: String,
    /// What they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_title: Option<String>,
}

const PROFILE_BYTES_MAX: usize = 8_192;

impl ProfileStatement {
    /// The canonical form.
    pub fn to_json(&self) -> Result<String, StatementError> {
        self.check()?;
        Ok(canonical_json(self)?)
    }

    /// Reads it in any spelling: the first programs signed names in another than the canonical one, and
    /// no hash of it is ever computed.
    pub fn from_json(json: &str) -> Result<Self, StatementError> {
        if json.len() > PROFILE_BYTES_MAX {
            return Err(CanonicalError::TooLarge { bytes: json.len(), bytes_max: PROFILE_BYTES_MAX }.into());
        }
        let statement: Self = serde_json::from_str(json).map_err(|e| CanonicalError::Json(e.to_string()))?;
        statement.check()?;
        Ok(statement)
    }

    /// Whether it may be signed.
    pub fn check(&self) -> Result<(), StatementError> {
        check_person(&self.printed_name, &self.organisation, self.role_title.as_deref())
    }

    /// The same person as the signer of a decision.
    pub fn signer(&self) -> Signer {
        Signer {
            printed_name: self.printed_name.clone(),
            role_title: self.role_title.clone(),
            organisation: self.organisation.clone(),
        }
    }
}

fn check_person(name: &str, organisation: &str, title: Option<&str>) -> Result<(), StatementError> {
    text::line("the printed name", name)?;
    text::line_or_blank("the organisation", organisation)?;
    if let Some(title) = title {
        text::line("the role title", title)?;
    }
    Ok(())
}
