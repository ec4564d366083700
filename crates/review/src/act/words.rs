//! Acts in words, for people: reports and trails say them alike.

use std::fmt;

use super::Act;

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit(submission) => match &submission.route {
                Some(route) => write!(f, "sent on route {}", route.name),
                None => f.write_str("sent on the built-in route"),
            },
            Self::Withdraw => f.write_str("withdrawn"),
            Self::StartStage { stage } => write!(f, "stage {stage} started"),
            Self::CloseStage { stage } => write!(f, "stage {stage} closed"),
            Self::ReopenStage { stage } => write!(f, "stage {stage} reopened"),
            Self::SkipStage { stage } => write!(f, "stage {stage} skipped"),
            Self::SkipAssignment { stage, person } => {
                write!(f, "{} skipped in stage {stage}", person.short())
            }
            Self::Recuse { stage } => write!(f, "stepped back from stage {stage}"),
            Self::Complete { stage } => write!(f, "done with stage {stage}"),
            Self::CarryForward { stage, decision } => {
                write!(f, "approval {} carried forward in stage {stage}", decision.short())
            }
            Self::Acknowledge { comments } => {
                write!(f, "{} acknowledged", counted(comments.len(), "comment"))
            }
            Self::MeetCondition { decision, condition } => {
                write!(f, "condition {} of approval {} met", condition.saturating_add(1), decision.short())
            }
            Self::Pause => f.write_str("clocks stopped"),
            Self::Resume => f.write_str("clocks let go on"),
            Self::Compare(comparison) => write!(f, "compared with version {}", comparison.from.short()),
            Self::Sync => f.write_str("version received"),
            Self::Open => f.write_str("version opened"),
            Self::Release(handoff) => write!(f, "handed off, {}", counted(handoff.files.len(), "file")),
            Self::Remind(key) => {
                write!(f, "{} reminded of stage {}: {}", key.person.short(), key.stage, key.threshold)
            }
        }
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
