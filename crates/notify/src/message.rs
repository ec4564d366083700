//! What is sent, to whom, and by which way.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest line that goes out, in characters: names of others are cut there.
const LINE_CHARS_MAX: usize = 300;

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recipient {
    /// Their id, in hexadecimal.
    pub person: String,
    /// Their printed name.
    pub name: String,
}

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The same for the same thing, on every machine and in every run.
    pub id: String,
    /// In one line.
    pub line: String,
    /// For programs.
    pub data: Value,
}

/// What one person is told at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub to: Recipient,
    /// The workspace's name.
    pub workspace: String,
    /// What, at least one thing.
    pub items: Vec<Item>,
}

/// A way on which messages leave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Mail to this address.
    Mail(String),
    /// The webhook of this name.
    Webhook(String),
    /// The program of this name.
    Program(String),
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mail(address) => write!(f, "mail to {address}"),
            Self::Webhook(name) => write!(f, "webhook {name}"),
            Self::Program(name) => write!(f, "program {name}"),
        }
    }
}

/// One line of text by others: no control characters, not too long.
fn plain(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= LINE_CHARS_MAX {
        return text;
    }
    text.chars().take(LINE_CHARS_MAX - 1).chain(['…']).collect()
}

impl Message {
    /// What it is about, in one line.
    pub fn subject(&self) -> String {
        let workspace = plain(&self.workspace);
        match self.items.as_slice() {
            [one] => plain(&format!("{workspace}: {}", one.line)),
            several => format!("{workspace}: {} reminders", several.len()),
        }
    }

    /// All of it, for people.
    pub fn body(&self) -> String {
        let lines: Vec<String> = self.items.iter().map(|i| format!("- {}", plain(&i.line))).collect();
        let (name, workspace) = (plain(&self.to.name), plain(&self.workspace));
        format!(
            "{name},\n\nin {workspace}:\n\n{}\n\nOpen Proofroom to see it: proofroom inbox\n",
            lines.join("\n")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, Message, Recipient};
    use serde_json::Value;

    fn message(lines: &[&str]) -> Message {
        let item = |line: &&str| Item { id: "1".into(), line: (*line).into(), data: Value::Null };
        Message {
            to: Recipient { person: "b0".into(), name: "Bo Ek".into() },
            workspace: "Spring".into(),
            items: lines.iter().map(item).collect(),
        }
    }

    #[test]
    fn one_thing_is_the_subject_and_several_are_counted() {
        assert_eq!(message(&["Hero is due"]).subject(), "Spring: Hero is due");
        assert_eq!(message(&["a", "b"]).subject(), "Spring: 2 reminders");
        assert!(message(&["a", "b"]).body().contains("- a\n- b\n"));
    }

    #[test]
    fn names_of_others_cannot_add_lines_or_grow_without_end() {
        let subject = message(&["Hero\r\nBcc: mallory@example.org"]).subject();
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
        assert!(message(&["x".repeat(5_000).as_str()]).subject().chars().count() <= 300);
    }
}
