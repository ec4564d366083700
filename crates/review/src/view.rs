//! Documents as screens see them: plain data, in a fixed order.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, ContentHash, HashWords as _, Millis, PersonId, VersionHash};
use serde::{Deserialize, Serialize};

use crate::acknowledged::AcknowledgedKey;
use crate::anchor::Anchor;
use crate::brief::RequestForm;
use crate::canonical::{CanonicalError, canonical_json};
use crate::library::Library;
use crate::manifest::{BlobRef, Manifest};
use crate::owned::{CommentKey, RequestKey};
use crate::rendition::Rendition;
use crate::versions::{Current, NumberedVersion, Pick, current, number};
use crate::words::{Category, CommentLabel, CommentState, RenditionKind, RequestState, ReviewerRole};

/// The plan document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// The workspace's name.
    pub name: String,
    /// All requests, by time of creation, then key.
    pub requests: Vec<RequestView>,
    /// All assets, by time of creation, then id.
    pub assets: Vec<AssetView>,
    /// Forms and the like.
    pub library: Library,
}

impl PlanView {
    /// The request of a key.
    pub fn request(&self, key: &RequestKey) -> Option<&RequestView> {
        self.requests.iter().find(|r| r.key == *key)
    }

    /// The asset of an id.
    pub fn asset(&self, id: &AssetId) -> Option<&AssetView> {
        self.assets.iter().find(|a| a.id == *id)
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// Its key, which names its author.
    pub key: RequestKey,
    /// The form.
    pub form: RequestForm,
    /// The brief, as people wrote it together.
    pub brief: String,
    /// Where it is on its way.
    pub state: RequestState,
    /// Why it is there.
    pub reason: Option<String>,
    /// What its author is asked, while it is returned.
    pub questions: Vec<String>,
    /// When its author says they filed it.
    pub created_at: Millis,
}

impl RequestView {
    /// The hash of form and text: what a decision says it was measured by.
    pub fn brief_hash(&self) -> Result<ContentHash, CanonicalError> {
        let json = canonical_json(&(&self.key, &self.form, &self.brief))?;
        Ok(ContentHash::of(json.as_bytes()))
    }
}

/// An asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetView {
    /// Its id.
    pub id: AssetId,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// The request that it answers.
    pub request: Option<RequestKey>,
    /// The deliverable of the request that it is, where somebody said so.
    pub slot: Option<String>,
    /// Who added it.
    pub author: PersonId,
    /// When they say they did.
    pub created_at: Millis,
    /// What people are to its review.
    pub assignments: BTreeMap<PersonId, ReviewerRole>,
}

/// An asset's review document, for one audience.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewView {
    /// All versions.
    pub versions: BTreeMap<VersionHash, Manifest>,
    /// All picks, in any order.
    pub picks: Vec<Pick>,
    /// All comments, by time of creation, then key.
    pub comments: Vec<CommentView>,
    /// All renditions, by the file they are of, then kind, time and content.
    pub renditions: Vec<Rendition>,
    /// Who has taken note of which comment, and when they say they did.
    pub acknowledged: BTreeMap<AcknowledgedKey, Millis>,
    /// Where the bytes of files and renditions are.
    #[serde(skip)]
    pub blobs: BTreeMap<ContentHash, BlobRef>,
}

impl ReviewView {
    /// All versions with their numbers, oldest first.
    pub fn numbered(&self) -> Vec<NumberedVersion> {
        number(&self.versions)
    }

    /// Which version is the current one.
    pub fn current(&self) -> Current {
        current(&self.versions, &self.picks)
    }

    /// The renditions of a file, by its content.
    pub fn renditions_of(&self, file: &ContentHash) -> impl Iterator<Item = &Rendition> {
        let from = self.renditions.partition_point(|r| r.of < *file);
        self.renditions[from..].iter().take_while(move |r| r.of == *file)
    }

    /// A file's rendition of a kind; the first where several were made.
    pub fn rendition(&self, file: &ContentHash, kind: RenditionKind) -> Option<&Rendition> {
        self.renditions_of(file).find(|r| r.kind == kind)
    }

    /// What people call the bytes of a content: a file's name, or the file's and the rendition's kind.
    pub fn name_of(&self, content: &ContentHash) -> Option<String> {
        let named = |content: &ContentHash| {
            let mut files = self.versions.values().flat_map(|m| &m.files);
            files.find(|f| f.content == *content).map(|f| f.name.clone())
        };
        named(content).or_else(|| {
            let rendition = self.renditions.iter().find(|r| r.content == *content)?;
            Some(format!("{} ({})", named(&rendition.of)?, rendition.kind))
        })
    }

    /// The comment of a key.
    pub fn comment(&self, key: &CommentKey) -> Option<&CommentView> {
        self.comments.iter().find(|c| c.key == *key)
    }
}

/// A comment, or a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentView {
    /// Its key, which names its author.
    pub key: CommentKey,
    /// What it says.
    pub body: String,
    /// Where it points.
    pub anchor: Anchor,
    /// What it is for.
    pub label: CommentLabel,
    /// Where it is on its way.
    pub state: CommentState,
    /// Who moved it there, if anybody did since it was written.
    pub state_by: Option<PersonId>,
    /// The version that is said to do what it asks for.
    pub addressed_in: Option<VersionHash>,
    /// The comment that it answers.
    pub parent: Option<CommentKey>,
    /// When its author says they wrote it.
    pub created_at: Millis,
}
