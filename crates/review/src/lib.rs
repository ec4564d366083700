//! The words of creative review as plain values.
//!
//! Ground storey: no IO, no clock, no ambient randomness, no document engine.
//! A *request* brings a brief; an *asset* is the logical thing across time; a
//! *version* is an immutable manifest of files, identified by its hash; a
//! *comment* points at something by an *anchor*; a *decision* is a statement
//! that an assignee signs. Documents carry these values, `workflow` folds the
//! decisions into outcomes, screens show the views.
//!
//! Everything that is hashed or signed is canonical JSON ([`canonical_json`]).

mod acknowledged;
pub mod act;
pub mod anchor;
mod brief;
pub mod calendar;
mod canonical;
mod conflict;
mod deadline;
pub mod delegation;
mod edit;
pub mod fault;
pub mod intake;
mod library;
mod manifest;
pub mod media;
mod names;
mod owned;
mod package;
mod record;
mod rendition;
pub mod route;
pub mod statement;
mod text;
mod versions;
mod view;
mod witness;
mod words;

pub use acknowledged::AcknowledgedKey;
pub use act::{Act, ActStatement, Comparison, Handoff, ReminderKey, RouteChoice, RuleVerdict, Submission};
pub use anchor::{Anchor, AnchorError, Selector};
pub use brief::{Answer, Day, DayError, Deliverable, Gap, Milestone, RequestForm};
pub use calendar::{CalendarSpec, Hours, LocalTime, Peace, TimeOfDay, Week};
pub use canonical::{CanonicalError, canonical_json, from_canonical_json};
pub use conflict::{Conflict, conflicts, overlap};
pub use deadline::{BusinessDuration, DurationError};
pub use delegation::{Delegation, DelegationStatement, Scope};
pub use edit::{EditError, PlanEdit, ReviewEdit};
pub use fault::FileFault;
pub use intake::IntakeForm;
pub use library::{Casting, Library, LibraryError, LibraryItem, LibraryKey, PeaceOf};
pub use manifest::{BlobKeyBytes, BlobRef, FileRef, Manifest, ManifestError};
pub use media::MediaType;
pub use names::{CalendarName, NameError, RoleName, RouteName, StageName};
pub use owned::{CommentKey, Owned, OwnedKeyError, RequestKey};
pub use package::{Package, PackageItem};
pub use proofroom_timecode as timecode;
pub use proofroom_timecode::{Rate, Timecode, TimecodeError};
pub use record::{ERASED_TEXT, Erased, Erasure, RecordAct, RecordStatement, Residue};
pub use rendition::{Recipe, Rendition, RenditionError, TILED_ABOVE_PIXELS, TILED_ABOVE_SIDE};
pub use route::{Assignment, Route, RouteTemplate, RoutingRules, Slot, Stage};
pub use statement::{DecisionStatement, ProfileStatement, StatementError};
pub use text::TextError;
pub use versions::{Current, NumberedVersion, Pick, current, number};
pub use view::{AssetView, CommentView, PlanView, RequestView, ReviewView};
pub use witness::{RelayWord, WitnessStatement};
pub use words::{
    Aspect, AssignmentEnd, Category, CommentLabel, CommentState, Decision, LegalBasis, MarkupShape,
    NewVersionPolicy, Outcome, RenditionKind, RequestState, ReviewerRole, RiskClass, SignMeaning, SlaState,
    Threshold, UnknownWord,
};
