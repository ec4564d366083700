//! Requests and briefs: what is asked about them, and what their screens show.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::screens::RequestCard;
use crate::splice::Splice;

/// What a page asks about requests, briefs and who reviews what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanAct {
    /// All requests.
    Requests,
    /// One request with its brief.
    Request {
        /// Its key.
        request: String,
    },
    /// What a form that is being filled in still lacks, and what it is asked for.
    Check {
        /// The form as it stands.
        form: FormDraft,
    },
    /// Files a request.
    File {
        /// A fresh random id, so that an ask sent twice files once.
        id: String,
        /// The form.
        form: FormDraft,
    },
    /// Replaces a request's form.
    SetForm {
        /// Which request.
        request: String,
        /// The form.
        form: FormDraft,
    },
    /// Edits a brief. Nothing is changed if its text is not the one that was seen.
    Splice {
        /// Which request's.
        request: String,
        /// The revision of the text that the change was made on.
        seen: String,
        /// The changes, in order of place; each counts in the text that was seen.
        changes: Vec<Splice>,
    },
    /// Accepts, returns or declines a request, or submits it again.
    Answer {
        /// Which request.
        request: String,
        /// The new state, in the words of the domain.
        state: String,
        /// Why.
        reason: String,
        /// What its author is to answer; with `returned` only.
        questions: Vec<String>,
    },
    /// Says what a person is to an asset's review; an empty role takes them off.
    Assign {
        /// Which asset.
        asset: String,
        /// Who.
        person: String,
        /// As what.
        role: String,
    },
    /// Renames an asset.
    Rename {
        /// Which asset.
        asset: String,
        /// The name.
        name: String,
    },
}

/// Answers a [`PlanAct`] that asks for something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanReply {
    /// All requests, and whether the person may file and triage.
    Requests {
        /// The requests, newest first.
        requests: Vec<RequestCard>,
        /// Whether they may file one.
        may_file: bool,
    },
    /// One request.
    Request(Box<RequestScreen>),
    /// What a form lacks.
    Check(FormCheck),
    /// A request was filed or changed.
    Filed {
        /// Its key.
        request: String,
    },
    /// A brief's text as it stands now.
    Brief {
        /// Whether the change was made; else the text is another than the one that was seen.
        made: bool,
        /// The text.
        text: String,
        /// What to send as `seen` with the next change.
        revision: String,
    },
}

/// A request with its brief.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestScreen {
    /// The request at a glance.
    pub card: RequestCard,
    /// The form.
    pub form: FormDraft,
    /// What to send as `seen` with the next change of the brief.
    pub revision: String,
    /// What its author is asked, while it is returned.
    pub questions: Vec<String>,
    /// What the form is asked for and lacks.
    pub check: FormCheck,
    /// The expected outputs, and what fills them.
    pub slots: Vec<SlotCard>,
    /// Assets of the request that fill no deliverable: id and name.
    pub strays: Vec<(String, String)>,
    /// Whether the person may change form and brief.
    pub may_edit: bool,
    /// Whether the person may accept, return and decline.
    pub may_triage: bool,
    /// Whether the person may add assets.
    pub may_add: bool,
}

/// A form as a page holds it: texts as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormDraft {
    /// What it is called.
    pub title: String,
    /// What is wanted.
    pub categories: Vec<String>,
    /// What it is to bring about.
    pub objective: String,
    /// Whom it is to reach.
    pub audience: String,
    /// What it is to say.
    pub message: String,
    /// What must be in it.
    pub mandatories: Vec<String>,
    /// The expected outputs.
    pub deliverables: Vec<DeliverableDraft>,
    /// When the work may begin, as `YYYY-MM-DD`, or nothing.
    pub start: String,
    /// When all of it is due, likewise.
    pub due: String,
    /// Days on the way: what is reached, and by when.
    pub timeline: Vec<(String, String)>,
    /// Who is to approve it, by name.
    pub approvers: Vec<String>,
    /// How much care it needs; `standard` if empty.
    pub risk_class: String,
    /// Answers to what the categories' forms ask for, by key.
    pub answers: BTreeMap<String, AnswerDraft>,
}

/// One expected output, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeliverableDraft {
    /// Its name.
    pub name: String,
    /// Where it will run.
    pub channel: String,
    /// What it must be.
    pub spec: String,
    /// Its size.
    pub size: String,
    /// Its language and region.
    pub locale: String,
    /// When it is due, if not with the rest.
    pub due: String,
}

/// An answer, as it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerDraft {
    /// Yes or no.
    YesNo(bool),
    /// A text, a date, a number or a word.
    Text(String),
    /// Several.
    List(Vec<String>),
}

/// What a form is asked for, and what it lacks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormCheck {
    /// The fields of the categories' forms whose conditions hold.
    pub fields: Vec<FieldCard>,
    /// What is missing before the brief can be accepted: field and what to do about it.
    pub missing: Vec<(String, String)>,
    /// Approvers who are no members: nobody could be asked under these names.
    pub strangers: Vec<String>,
}

/// One field of a category's form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCard {
    /// Its key among the answers.
    pub key: String,
    /// What people read.
    pub label: String,
    /// `line`, `text`, `number`, `date`, `yes_no`, `choice`, `choices` or `list`.
    pub kind: String,
    /// The words to choose from.
    pub of: Vec<String>,
    /// Whether a brief is complete without it.
    pub required: bool,
    /// Help for who fills it in.
    pub help: String,
}

/// A deliverable, and what fills it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SlotCard {
    /// The deliverable.
    pub deliverable: DeliverableDraft,
    /// When it is due, on its own or with the rest.
    pub due: String,
    /// `expected`, `filled` or `approved`.
    pub state: String,
    /// Due and not there.
    pub late: bool,
    /// The asset that fills it: id and name.
    pub asset: Option<(String, String)>,
    /// What people call the asset's current version.
    pub version: String,
    /// The outcome of its review.
    pub outcome: String,
}
