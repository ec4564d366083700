//! Words of fixed meaning. What a screen calls them is a separate, editable map;
//! the fold over decisions is order-free only because their meanings are not.

/// A text is none of a vocabulary's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: one of {known} is wanted")]
pub struct UnknownWord {
    /// The vocabulary.
    pub what: &'static str,
    /// The text as given, at most 80 characters of it.
    pub text: String,
    /// All its words.
    pub known: String,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident $what:literal { $($(#[$vdoc:meta])* $variant:ident $word:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// All words, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word itself.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|w| w.word() == text).ok_or_else(|| UnknownWord {
                    what: $what,
                    text: text.chars().take(80).collect(),
                    known: [$($word),+].join(", "),
                })
            }
        }
    )+};
}

words! {
    /// What a rendition is for.
    RenditionKind "kind of rendition" {
        /// A small picture for lists.
        Thumbnail "thumbnail",
        /// The whole picture in a form that every browser shows.
        Picture "picture",
        /// A large picture in levels of tiles.
        Tiles "tiles",
        /// A picture of each page.
        Pages "pages",
        /// Peaks of the sound.
        Waveform "waveform",
        /// A film that seeks to any frame at once.
        Proxy "proxy",
        /// When each frame of the original is shown.
        FrameMap "frame_map",
    }
    /// On what ground something is erased: the letters of GDPR Art. 17(1), and agreements.
    LegalBasis "legal basis" {
        /// It is no longer needed for what it was collected for (a).
        NoLongerNecessary "no_longer_necessary",
        /// Whoever it is about withdrew their consent (b).
        ConsentWithdrawn "consent_withdrawn",
        /// Whoever it is about objects (c).
        Objection "objection",
        /// It should never have been processed (d).
        Unlawful "unlawful",
        /// A law requires it (e).
        LegalObligation "legal_obligation",
        /// It is about a child (f).
        Child "child",
        /// A contract requires it: the end of an engagement, a secret.
        Contract "contract",
    }
    /// What an asset is, and so what its review must look at.
    Category "category" {
        /// Pixel accuracy, brand consistency, colour verification.
        Visual "visual",
        /// Frame-accurate feedback, audio sync, caption review.
        Video "video",
        /// Tone, accuracy, legal and compliance sign-off.
        Written "written",
        /// Version integrity, file structure, export readiness.
        DesignSource "design_source",
        /// Cross-channel consistency, final approval documentation.
        Campaign "campaign",
    }
    /// A signed act by an assignee.
    Decision "decision" {
        /// Good as it is.
        Approved "approved",
        /// Good once the listed conditions are met.
        ApprovedWithChanges "approved_with_changes",
        /// Not yet: a new version is wanted.
        ChangesRequired "changes_required",
        /// Not at all.
        Rejected "rejected",
        /// Not relevant to me.
        Abstained "abstained",
    }
    /// The computed result of a stage or review.
    Outcome "outcome" {
        /// Nobody decided yet.
        Pending "pending",
        /// Somebody decided, somebody is missing.
        InProgress "in_progress",
        /// Closed as approved.
        Approved "approved",
        /// Closed as approved under conditions.
        ApprovedWithChanges "approved_with_changes",
        /// Closed: a new version is wanted.
        ChangesRequired "changes_required",
        /// Closed as rejected.
        Rejected "rejected",
        /// Closed: everybody abstained.
        NotApplicable "not_applicable",
        /// The route passed it by.
        Skipped "skipped",
        /// Its deadline closed it.
        Expired "expired",
        /// A newer version took its place.
        Superseded "superseded",
        /// Its author took it back.
        Withdrawn "withdrawn",
    }
    /// How one assignment ended.
    AssignmentEnd "assignment end" {
        /// By a decision.
        Decided "decided",
        /// By being done, where no decision is asked for.
        Completed "completed",
        /// By silence, which never becomes approval.
        NoResponse "no_response",
        /// By the route.
        Skipped "skipped",
        /// By handing it to somebody else.
        Delegated "delegated",
        /// By stepping back.
        Recused "recused",
    }
    /// What an assignee is to a stage.
    ReviewerRole "reviewer role" {
        /// Looks on; decisions do not count.
        Viewer "viewer",
        /// Decisions count, silence does not hold up the stage.
        Reviewer "reviewer",
        /// Must decide before the stage closes.
        MandatoryReviewer "mandatory_reviewer",
        /// Must decide; gives the approval.
        Approver "approver",
        /// Must decide; guards the gate to the next stage.
        Gatekeeper "gatekeeper",
        /// Must decide; a stage may be theirs alone.
        KeyApprover "key_approver",
    }
    /// What a comment is for.
    CommentLabel "comment label" {
        /// Asks for a change.
        Change "change",
        /// Asks something.
        Question "question",
        /// Proposes something.
        Suggestion "suggestion",
        /// Likes something.
        Praise "praise",
        /// Stands in the way of approval.
        Blocker "blocker",
        /// Tells something.
        Info "info",
    }
    /// Where a comment is on its way.
    CommentState "comment state" {
        /// Nobody took it up.
        Open "open",
        /// Promoted to a to-do.
        Task "task",
        /// Somebody says it is done.
        Addressed "addressed",
        /// Somebody checked that it is done.
        Verified "verified",
        /// Somebody decided against it.
        WontFix "wont_fix",
        /// Its author took it back.
        Withdrawn "withdrawn",
    }
    /// A shape attached to a comment.
    MarkupShape "markup shape" {
        /// A point.
        Pin "pin",
        /// A rectangle.
        Rect "rect",
        /// An ellipse.
        Ellipse "ellipse",
        /// An arrow.
        Arrow "arrow",
        /// A line.
        Line "line",
        /// Joined lines.
        Polyline "polyline",
        /// Joined lines, closed.
        Polygon "polygon",
        /// A stroke by hand.
        Freehand "freehand",
        /// Text to look at.
        Highlight "highlight",
        /// Text to leave out.
        Strike "strike",
        /// Text to put in.
        Insert "insert",
        /// Text to exchange.
        Replace "replace",
        /// A caption.
        Text "text",
        /// Something to hide.
        Redact "redact",
        /// A distance.
        Measure "measure",
    }
    /// How much care a request needs.
    RiskClass "risk class" {
        /// Little can go wrong.
        Low "low",
        /// The usual.
        Standard "standard",
        /// Claims, likenesses, large spends.
        Elevated "elevated",
        /// A regulator reads the record.
        Regulated "regulated",
    }
    /// What a signature means; shown wherever the decision is.
    SignMeaning "signature meaning" {
        /// I made this.
        Authorship "authorship",
        /// I looked at this.
        Review "review",
        /// I approve this.
        Approval "approval",
        /// I reject this.
        Rejection "rejection",
        /// I answer for this.
        Responsibility "responsibility",
        /// I have taken note of this.
        Acknowledgement "acknowledgement",
        /// Somebody may decide for me.
        Delegation "delegation",
        /// This may go out.
        Release "release",
    }
    /// Whether a due time was kept, as far as can be known.
    SlaState "SLA state" {
        /// In time for certain.
        Met "met",
        /// Little time is left.
        AtRisk "at_risk",
        /// Late for certain.
        Missed "missed",
        /// The interval of possible times spans the due time.
        Indeterminate "indeterminate",
        /// The author holds the work.
        Paused "paused",
    }
    /// A step of the ladder up to a deadline and beyond.
    Threshold "threshold" {
        /// Half of the time has passed and the assignee has not opened the version.
        HalfUnopened "half_unopened",
        /// Three quarters of the time have passed.
        AtRisk "at_risk",
        /// All of the time has passed.
        Overdue "overdue",
        /// It went to the named backup.
        Escalated "escalated",
    }
    /// What a new version does to a stage.
    NewVersionPolicy "new version policy" {
        /// The stage runs again; nothing is carried over.
        Restart "restart",
        /// As `restart`, but who approved may sign to carry their approval forward where nothing
        /// that the stage watches has changed.
        CarryForwardIfUnaffected "carry_forward_if_unaffected",
        /// The stage is passed by where it approved the version before.
        SkipIfApproved "skip_if_approved",
        /// The stage runs again on every version, and nobody may skip it.
        Always "always",
    }
    /// What can change between two versions, by kind.
    Aspect "aspect" {
        /// What a picture or a frame looks like.
        Pixels "pixels",
        /// Text: copy, captions, subtitles.
        Words "words",
        /// The structure of a design source.
        Layers "layers",
        /// Sound.
        Audio "audio",
        /// How long it runs, its tracks and rates.
        Timing "timing",
        /// What is embedded beside the content.
        Metadata "metadata",
        /// Which files there are, their names and kinds.
        Files "files",
    }
    /// Where a request is on its way.
    RequestState "request state" {
        /// Waits for a producer.
        Submitted "submitted",
        /// Its brief is the brief.
        Accepted "accepted",
        /// Sent back with a reason, to be completed.
        Returned "returned",
        /// Refused with a reason.
        Declined "declined",
    }
}

impl Decision {
    /// How much it holds the work back. Of two concurrent decisions of one
    /// person the more restrictive counts.
    pub const fn restriction(self) -> u8 {
        match self {
            Self::Abstained => 0,
            Self::Approved => 1,
            Self::ApprovedWithChanges => 2,
            Self::ChangesRequired => 3,
            Self::Rejected => 4,
        }
    }

    /// Whether it lets the work pass, perhaps under conditions.
    pub const fn approves(self) -> bool {
        matches!(self, Self::Approved | Self::ApprovedWithChanges)
    }
}

impl Outcome {
    /// Whether it lets the work pass, perhaps under conditions.
    pub const fn approves(self) -> bool {
        matches!(self, Self::Approved | Self::ApprovedWithChanges)
    }
}

impl ReviewerRole {
    /// Whether this role's decisions enter the fold.
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Viewer)
    }

    /// Whether a stage under the `all_mandatory` rule waits for this role.
    pub const fn is_mandatory(self) -> bool {
        !matches!(self, Self::Viewer | Self::Reviewer)
    }
}

impl CommentState {
    /// Whether somebody still has to do something about it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Task)
    }
}

impl RequestState {
    /// Whether moving here needs a reason.
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Returned | Self::Declined)
    }
}

impl SignMeaning {
    /// What a signature under `decision` usually means.
    pub const fn usual(decision: Decision) -> Self {
        match decision {
            Decision::Approved | Decision::ApprovedWithChanges => Self::Approval,
            Decision::Rejected => Self::Rejection,
            Decision::ChangesRequired | Decision::Abstained => Self::Review,
        }
    }

    /// Whether the meaning does not contradict the decision.
    pub const fn fits(self, decision: Decision) -> bool {
        match self {
            Self::Approval | Self::Release => decision.approves(),
            Self::Rejection => matches!(decision, Decision::Rejected | Decision::ChangesRequired),
            Self::Delegation => false,
            Self::Authorship | Self::Review | Self::Responsibility | Self::Acknowledgement => true,
        }
    }
}
