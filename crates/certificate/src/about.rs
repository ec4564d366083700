//! What a certificate is about, and what its reader is told that no single entry proves.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, ContentHash, HashWords as _, Millis, PersonId, VersionHash, WorkspaceId};
use proofroom_review::{
    CalendarSpec, Category, Package, RequestForm, RequestKey, ReviewerRole, canonical_json,
    from_canonical_json,
};
use serde::{Deserialize, Serialize};

use crate::CertificateError;

const ABOUT_BYTES_MAX: usize = 32 << 20;
const ASSETS_MAX: usize = 2_001;
const CALENDARS_MAX: usize = 100;
/// Most check results of one asset.
pub const CHECKS_MAX: usize = 10_000;
const VERSIONS_MAX: usize = 10_000;
const SCHEMA: u32 = 1;

/// What the certificate is about.
///
/// Only entries prove something by themselves. What is said here is bound by the maker's signature
/// and, where an entry names its hash, by that entry; a verifier says which is which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The version of this form: 1.
    pub schema: u32,
    /// The workspace: the hash of its first entry.
    pub workspace: WorkspaceId,
    /// What its members call it.
    pub workspace_name: String,
    /// The moment at which the outcome is computed: deadlines depend on it.
    pub as_of: Millis,
    /// The time zone data that the maker computed with.
    pub zones: String,
    /// What was certified.
    pub subject: Subject,
    /// What the plan says of the assets, in order of their ids.
    pub assets: Vec<AssetPaper>,
    /// The calendars of deadlines, in order of their names.
    pub calendars: Vec<CalendarSpec>,
}

/// What was certified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Subject {
    /// The outcome of one version of an asset.
    Version {
        /// The asset.
        asset: AssetId,
        /// The version.
        version: VersionHash,
    },
    /// The outcome of versions that are approved together.
    Package {
        /// The package.
        package: Package,
    },
}

/// What the plan says of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetPaper {
    /// The asset.
    pub asset: AssetId,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Whom the built-in route asks; other routes are in signed entries.
    pub assignments: BTreeMap<PersonId, ReviewerRole>,
    /// The brief that it answers; decisions name its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief: Option<BriefPaper>,
    /// Results of checks, as canonical JSON; decisions name the hashes of those that they saw.
    pub checks: Vec<String>,
    /// The versions' manifests, as canonical JSON, where the entries that hold them are withheld;
    /// decisions name their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<String>,
}

/// A brief, in the form in which decisions name it by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BriefPaper {
    /// The request.
    pub request: RequestKey,
    /// Its form.
    pub form: RequestForm,
    /// Its text.
    pub text: String,
}

impl BriefPaper {
    /// The hash that decisions name.
    ///
    /// # Errors
    /// When a number in it has no canonical form.
    pub fn hash(&self) -> Result<ContentHash, CertificateError> {
        let json = canonical_json(&(&self.request, &self.form, &self.text)).map_err(about)?;
        Ok(ContentHash::of(json.as_bytes()))
    }
}

fn about(error: proofroom_review::CanonicalError) -> CertificateError {
    CertificateError::Json { part: "what it is about", error }
}

impl About {
    /// The version of this form.
    pub const SCHEMA: u32 = SCHEMA;

    pub(crate) fn to_json(&self) -> Result<String, CertificateError> {
        self.check()?;
        canonical_json(self).map_err(about)
    }

    pub(crate) fn from_json(json: &str) -> Result<Self, CertificateError> {
        let read: Self = from_canonical_json(json, ABOUT_BYTES_MAX).map_err(about)?;
        read.check()?;
        Ok(read)
    }

    fn check(&self) -> Result<(), CertificateError> {
        let limits = [
            ("the list of assets", self.assets.len(), ASSETS_MAX),
            ("the list of calendars", self.calendars.len(), CALENDARS_MAX),
            ("a list of checks", self.longest(|a| a.checks.len()), CHECKS_MAX),
            ("a list of versions", self.longest(|a| a.manifests.len()), VERSIONS_MAX),
        ];
        if let Some((what, found, max)) = limits.into_iter().find(|(_, found, max)| found > max) {
            return Err(CertificateError::TooLarge { what, found, max });
        }
        let subjects: Vec<AssetId> = self.subject.assets().map(|(asset, _)| asset).collect();
        let there = |asset: &AssetId| self.assets.iter().any(|a| a.asset == *asset);
        let rules = [
            (self.schema == SCHEMA, "this form of certificate is a later one"),
            (
                self.assets.is_sorted_by(|a, b| a.asset < b.asset),
                "assets are in order of their ids, each once",
            ),
            (
                self.calendars.is_sorted_by(|a, b| a.name < b.name),
                "calendars are in order of their names, each once",
            ),
            (!subjects.is_empty(), "it is about nothing"),
            (subjects.iter().all(there), "every asset that it is about is told"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(CertificateError::Rule(rule)),
            None => Ok(()),
        }
    }

    fn longest(&self, len: impl Fn(&AssetPaper) -> usize) -> usize {
        self.assets.iter().map(len).max().unwrap_or(0)
    }

    /// What the plan says of an asset.
    pub fn asset(&self, asset: &AssetId) -> Option<&AssetPaper> {
        self.assets.iter().find(|a| a.asset == *asset)
    }
}

impl Subject {
    /// The assets that it is about, and of each the version.
    pub fn versions(&self) -> Vec<(AssetId, VersionHash)> {
        self.assets().filter_map(|(asset, version)| Some((asset, version?))).collect()
    }

    /// The assets, with the version where the subject names one: a package's review as a whole has none.
    fn assets(&self) -> impl Iterator<Item = (AssetId, Option<VersionHash>)> + '_ {
        let (one, package) = match self {
            Self::Version { asset, version } => (Some((*asset, Some(*version))), None),
            Self::Package { package } => (None, Some(package)),
        };
        let items = package.into_iter().flat_map(|p| p.items.iter().map(|i| (i.asset, Some(i.version))));
        let whole = package.and_then(|p| p.whole).map(|whole| (whole, None));
        one.into_iter().chain(items).chain(whole)
    }

    /// Whether it is about this asset.
    pub fn concerns(&self, asset: &AssetId) -> bool {
        self.assets().any(|(a, _)| a == *asset)
    }
}
