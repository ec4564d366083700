//! The workflow: facts become outcomes, states, due times and reminders.
//!
//! A pure function of (documents, calendars, now): the same facts give the same
//! answer on every replica, in any order of arrival. Ground storey: no IO, no
//! clock; time zones are those that are built in.
//!
//! ```text
//! decisions, acts --causal--> pasts --run--> votes --state--> stages --assemble--> view
//!                                                     \--clock--> due, reminders
//! ```
//!
//! * **Effective**: a decision is replaced by a later one on the same assignment
//!   that had it in front of it. Decisions that had not seen each other are
//!   concurrent: the most restrictive counts, flagged, and the person is asked.
//! * **Fold**: any `rejected`, else any `changes_required`, else any
//!   `approved_with_changes`, else any `approved`, else all abstained.
//! * **Late**: a decision does not count if its stage was closed *in front of
//!   its signer*, and no moderator had reopened it there. That is asked of the
//!   signer's causal past, so the order of arrival plays no part.
//! * **Start and close** rules make stages a graph. What a stage waits for can
//!   fall away again (a reopening, an offline decision that arrives): then the
//!   stage keeps running, and closes when what lies above it is final.
//! * A fork cannot be approved; a version that was left behind is superseded.
//!   Silence never becomes approval.
//!
//! `docs/workflow.md` says all of it in words.

mod assemble;
mod asset;
pub mod calendar;
mod causal;
mod clock;
mod delegations;
mod evaluation;
mod facts;
mod notice;
mod packages;
mod plan;
mod release;
mod reminders;
mod routing;
mod rule;
mod run;
mod state;
pub mod view;

pub use evaluation::{Evaluation, evaluate};
pub use facts::{
    AssetFacts, CommentFact, PersonFacts, PlanFacts, SignedAct, SignedDecision, SignedDelegation,
    WorkflowInput,
};
pub use notice::{Block, NoEffect, NotCounted, Warning};
pub use routing::{Routed, RoutingInput, choose, explain};
pub use view::{
    AssetState, AssignmentState, PackageState, Phase, Progress, Released, RunState, StageState, WorkflowView,
};
