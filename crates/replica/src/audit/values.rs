//! What an entry changed: the records that it touched, before and after.

use std::collections::BTreeMap;

use proofroom_document::Touched;
use proofroom_ident::{EntryHash, SignerKey, VersionHash};
use proofroom_review::{PlanView, ReviewView};
use serde::Serialize;
use serde_json::Value;

/// One act, or one value that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub act: String,
    pub about: Option<String>,
    pub old: Option<String>,
    pub new: Option<String>,
    pub why: Option<String>,
}

impl Change {
    pub fn act(act: impl Into<String>) -> Self {
        Self { act: act.into(), about: None, old: None, new: None, why: None }
    }

    pub fn about(self, about: String) -> Self {
        Self { about: Some(about), ..self }
    }

    pub fn from(self, old: Option<String>) -> Self {
        Self { old, ..self }
    }

    pub fn to(self, new: String) -> Self {
        Self { new: Some(new), ..self }
    }
}

/// The records of a document as far as its entries were read.
#[derive(Default)]
pub(super) struct Values {
    records: BTreeMap<String, Value>,
    decisions: BTreeMap<(SignerKey, String, VersionHash), (String, EntryHash)>,
    replaced: Option<EntryHash>,
    names: BTreeMap<SignerKey, String>,
}

impl Values {
    /// Notes a decision; gives the one of the same device that it replaces.
    pub fn decided(
        &mut self,
        place: (SignerKey, String, VersionHash),
        decision: String,
        entry: EntryHash,
    ) -> Option<String> {
        let (old, replaced) = self.decisions.insert(place, (decision, entry))?;
        self.replaced = Some(replaced);
        Some(old)
    }

    /// The decision that the last one replaced, told once.
    pub fn take_replaced(&mut self) -> Option<EntryHash> {
        self.replaced.take()
    }

    /// Notes a printed name; gives the one before.
    pub fn named(&mut self, device: SignerKey, name: String) -> Option<String> {
        self.names.insert(device, name)
    }

    pub fn review(&mut self, view: &ReviewView, touched: &Touched) -> Vec<Change> {
        let mut out = Vec::new();
        for version in touched.versions() {
            if let Some(manifest) = view.versions.get(&version) {
                let files: Vec<&str> = manifest.files.iter().map(|f| f.name.as_str()).collect();
                let note = Some(manifest.note.clone()).filter(|note| !note.is_empty());
                let change =
                    Change::act("version added").about(format!("version {version}")).to(files.join(", "));
                out.push(Change { why: note, ..change });
            }
        }
        if touched.picks() {
            let picked = view.picks.iter().map(|pick| pick.version.short()).collect::<Vec<_>>().join(", ");
            out.extend(self.record("picks", "versions picked".into(), Some(&picked), ""));
        }
        for key in touched.comments() {
            let name = format!("comment {key}");
            out.extend(self.record(&name, "comment".into(), view.comment(&key), "body"));
        }
        for key in touched.acknowledged() {
            out.push(Change::act("took note").about(format!("comment {}", key.comment)));
        }
        out
    }

    pub fn plan(&mut self, view: &PlanView, touched: &Touched) -> Vec<Change> {
        let mut out = Vec::new();
        if touched.root() {
            out.extend(self.record("workspace", "workspace's name".into(), Some(&view.name), ""));
        }
        for key in touched.requests() {
            out.extend(self.record(
                &format!("request {key}"),
                "request".into(),
                view.request(&key),
                "form.title",
            ));
        }
        for id in touched.assets() {
            out.extend(self.record(&format!("asset {id}"), "asset".into(), view.asset(&id), "name"));
        }
        if touched.library() {
            let library = serde_json::to_value(&view.library).unwrap_or_default();
            for (kind, items) in library.as_object().into_iter().flatten() {
                out.extend(self.record(
                    &format!("library {kind}"),
                    format!("library, {kind}"),
                    Some(items),
                    "",
                ));
            }
        }
        out
    }

    /// The differences of one record: a line when it is new, else one for each value that changed.
    fn record<T: Serialize>(&mut self, name: &str, what: String, now: Option<&T>, main: &str) -> Vec<Change> {
        let Some(now) = now.and_then(|now| serde_json::to_value(now).ok()) else { return Vec::new() };
        let before = self.records.insert(name.to_owned(), now.clone());
        let about = |act: String| Change::act(act).about(name.to_owned());
        let Some(before) = before else {
            let all = flat(&now);
            let main = all.get(main).or_else(|| all.get("")).cloned();
            return match main {
                Some(value) => vec![about(format!("{what} added")).to(value)],
                None => vec![about(format!("{what} added")).to(shortened(&now.to_string()))],
            };
        };
        let (before, now) = (flat(&before), flat(&now));
        let mut paths: Vec<&String> = before.keys().chain(now.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        // Who moved a record is the line's author; where it moved is the line.
        paths.retain(|path| before.get(*path) != now.get(*path) && !path.ends_with("state_by"));
        let line = |path: &String| {
            let act = if path.is_empty() { what.clone() } else { format!("{what}: {path}") };
            Change { new: now.get(path).cloned(), ..about(act).from(before.get(path).cloned()) }
        };
        paths.into_iter().map(line).collect()
    }
}

/// Every value of a record by its path; lists are one value.
fn flat(value: &Value) -> BTreeMap<String, String> {
    fn walk(value: &Value, path: String, out: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(field, below, out);
                }
            }
            Value::Null => {}
            Value::String(text) => drop(out.insert(path, text.clone())),
            other => drop(out.insert(path, shortened(&other.to_string()))),
        }
    }
    let mut out = BTreeMap::new();
    walk(value, String::new(), &mut out);
    out
}

/// A long value by its beginning and its hash: enough to see that it changed.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 200;
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let hash = data_encoding::HEXLOWER.encode(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    format!("{}… ({} bytes, {hash})", text.chars().take(SHOWN).collect::<String>(), text.len())
}
