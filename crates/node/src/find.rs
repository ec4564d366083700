//! From what a person types to the thing they mean: names, ids, and the beginnings of ids.

use proofroom_ident::{AssetId, Audience, ContentHash, EntryHash, PersonId, VersionHash, WorkspaceId};
use proofroom_replica::{MemberView, Membership};
use proofroom_review::{AssetView, CommentView, Package, PlanView, RequestView, ReviewView};

use crate::failure::Failure;
use crate::peer::{Peer, Seat};

/// Fewest digits of an id that name a thing.
const DIGITS_MIN: usize = 4;

/// One thing that may be meant.
struct Candidate<T> {
    id: String,
    name: Option<String>,
    value: T,
}

/// Chooses by full id, by name, by the beginning of an id; refuses to guess.
fn choose<T>(what: &str, text: &str, hint: &str, all: Vec<Candidate<T>>) -> Result<T, Failure> {
    let text = text.trim();
    let lower = text.to_lowercase();
    let by_id = |c: &Candidate<T>| c.id == lower;
    let by_name = |c: &Candidate<T>| c.name.as_ref().is_some_and(|n| n.to_lowercase() == lower);
    let by_start = |c: &Candidate<T>| {
        let digits = lower.len() >= DIGITS_MIN && lower.bytes().all(|b| b.is_ascii_hexdigit());
        digits && c.id.starts_with(&lower)
    };
    // The surest way that finds anything decides.
    let rank = |c: &Candidate<T>| [by_id(c), by_name(c), by_start(c)].into_iter().position(|hit| hit);
    let best = all.iter().filter_map(rank).min();
    let mut found: Vec<Candidate<T>> =
        all.into_iter().filter(|c| best.is_some() && rank(c) == best).collect();
    if found.len() > 1 {
        let ids: Vec<String> = found.iter().take(5).map(|c| c.id.chars().take(12).collect()).collect();
        return Err(Failure::user(format!("`{text}` may mean {} {what}s: {}", found.len(), ids.join(", ")))
            .hint("give more digits of the id"));
    }
    let one = found.pop().map(|c| c.value);
    one.ok_or_else(|| Failure::user(format!("there is no {what} `{text}`")).hint(hint))
}

/// The workspace that was named, or the only one.
///
/// # Errors
/// When there is none, or several and none was named.
pub fn workspace(peer: &mut Peer, given: Option<&str>) -> Result<WorkspaceId, Failure> {
    let all = peer.workspaces()?;
    match (given, all.as_slice()) {
        (None, [one]) => Ok(*one),
        (None, []) => Err(Failure::user("there is no workspace on this machine yet")
            .hint("make one: proofroom workspace create \"Spring campaign\", or join one: proofroom join LINK")),
        (None, several) => {
            Err(Failure::user(format!("there are {} workspaces on this machine: say which", several.len()))
                .hint("proofroom --workspace NAME ..., or set PROOFROOM_WORKSPACE; `proofroom workspace list` lists them"))
        }
        (Some(text), _) => {
            let mut candidates = Vec::new();
            for id in all {
                let name = workspace_name(peer, id)?;
                candidates.push(Candidate { id: id.to_hex(), name, value: id });
            }
            choose("workspace", text, "`proofroom workspace list` lists the workspaces", candidates)
        }
    }
}

/// A workspace's name, once it has arrived.
///
/// # Errors
/// When the store cannot be read.
pub fn workspace_name(peer: &mut Peer, id: WorkspaceId) -> Result<Option<String>, Failure> {
    let seat = peer.seat(id)?;
    Ok(Some(seat.replica.plan(seat.step.store)?.name.clone()).filter(|n| !n.is_empty()))
}

/// An asset of the plan.
///
/// # Errors
/// When none, or several, may be meant.
pub fn asset<'a>(plan: &'a PlanView, text: &str) -> Result<&'a AssetView, Failure> {
    let all = plan.assets.iter();
    let all = all.map(|a| Candidate { id: a.id.to_hex(), name: Some(a.name.clone()), value: a }).collect();
    choose("asset", text, "`proofroom status` lists the assets", all)
}

/// A request of the plan.
///
/// # Errors
/// When none, or several, may be meant.
pub fn request<'a>(plan: &'a PlanView, text: &str) -> Result<&'a RequestView, Failure> {
    let all = plan.requests.iter();
    let all = all
        .map(|r| Candidate { id: r.key.id.to_hex(), name: Some(r.form.title.clone()), value: r })
        .collect();
    choose("request", text, "`proofroom request list` lists the requests", all)
}

/// A person of the workspace, by printed name or id.
///
/// # Errors
/// When none, or several, may be meant.
pub fn person(members: &[MemberView], text: &str) -> Result<PersonId, Failure> {
    let all = members.iter();
    let all = all
        .map(|m| Candidate { id: m.person.to_hex(), name: m.printed_name.clone(), value: m.person })
        .collect();
    choose("member", text, "`proofroom members list` lists the members", all)
}

/// A version by label (`v3`, `v3a`) or hash.
///
/// # Errors
/// When there is none.
pub fn version(view: &ReviewView, text: &str) -> Result<VersionHash, Failure> {
    let all = view.numbered();
    let all =
        all.into_iter().map(|n| Candidate { id: n.version.to_hex(), name: Some(n.label), value: n.version });
    choose("version", text, "`proofroom version list ASSET` lists the versions", all.collect())
}

/// One of these entries, by its id.
///
/// # Errors
/// When none, or several, may be meant.
pub fn entry(all: &[EntryHash], what: &str, text: &str, hint: &str) -> Result<EntryHash, Failure> {
    let all = all.iter().map(|e| Candidate { id: e.to_hex(), name: None, value: *e });
    choose(what, text, hint, all.collect())
}

/// A package, by name or id.
///
/// # Errors
/// When none, or several, may be meant.
pub fn package<'p>(
    all: impl Iterator<Item = (ContentHash, &'p Package)>,
    text: &str,
) -> Result<(ContentHash, &'p Package), Failure> {
    let all = all.map(|(id, package)| Candidate {
        id: id.to_hex(),
        name: Some(package.name.clone()),
        value: (id, package),
    });
    choose("package", text, "`proofroom package list` lists the packages", all.collect())
}

/// A comment, and where it is.
#[derive(Clone, Debug)]
pub struct FoundComment {
    /// Its asset.
    pub asset: AssetId,
    /// Its audience.
    pub audience: Audience,
    /// The comment.
    pub comment: CommentView,
}

/// A comment anywhere in the workspace, by id.
///
/// # Errors
/// When none, or several, may be meant.
pub fn comment(seat: &mut Seat<'_>, text: &str) -> Result<FoundComment, Failure> {
    let plan = seat.replica.plan(seat.step.store)?.clone();
    let text = text.rsplit_once('.').map_or(text, |(_, id)| id);
    let mut all = Vec::new();
    for asset in &plan.assets {
        for audience in audiences(seat) {
            let view = seat.replica.review(seat.step.store, asset.id, audience)?;
            all.extend(view.comments.iter().map(|c| Candidate {
                id: c.key.id.to_hex(),
                name: None,
                value: FoundComment { asset: asset.id, audience, comment: c.clone() },
            }));
        }
    }
    choose("comment", text, "`proofroom comment list ASSET` lists the comments", all)
}

/// The audiences that this person reads.
pub fn audiences(seat: &Seat<'_>) -> Vec<Audience> {
    match seat.replica.membership() {
        Membership::Member(role) => Audience::ALL.into_iter().filter(|a| role.reads(*a)).collect(),
        _ => vec![Audience::Everyone],
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, choose};

    fn all() -> Vec<Candidate<u8>> {
        let rows = [("abcd1111", Some("Hero"), 1), ("abcd2222", Some("Banner"), 2), ("beef0000", None, 3)];
        rows.map(|(id, name, value)| Candidate { id: id.into(), name: name.map(str::to_owned), value }).into()
    }

    #[test]
    fn names_ids_and_the_beginnings_of_ids_find_a_thing() {
        for (text, wanted) in [("hero", 1), ("abcd2222", 2), ("beef", 3), (" ABCD1 ", 1)] {
            assert_eq!(choose("asset", text, "", all()), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn nothing_is_guessed() {
        for text in ["abcd", "be", "nothing", ""] {
            assert!(choose("asset", text, "", all()).is_err(), "{text}");
        }
        let error = choose("asset", "abcd", "", all()).expect_err("two");
        assert!(error.what.contains("abcd1111") && error.what.contains("abcd2222"), "{error}");
    }
}
