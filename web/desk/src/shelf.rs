//! What this browser holds, keeps and gives up; routes and calendars.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, Audience, BlobHash, Millis, WorkspaceId};
use proofroom_review::calendar::Week;
use proofroom_review::{Hours, RouteTemplate};
use proofroom_store::{Batch, Store};
use proofroom_web_wire::{Library, Notice, RouteCard, StoredCard};

use crate::desk::Desk;
use crate::fault::DeskError;
use crate::files::comes_by_itself;
use crate::order::Order;

/// What the person at this browser wants of an asset's files. Without a wish those of moderate size
/// come by themselves, and of others the parts that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// All of them are kept here, however large.
    Keep,
    /// None comes by itself, and those that are here go.
    GiveUp,
}

/// All wishes that are stored.
pub(crate) fn wishes(store: &impl Store) -> Result<BTreeMap<(WorkspaceId, AssetId), Wish>, DeskError> {
    let wish = |key: &[u8], value: &[u8]| {
        let (workspace, asset) = key.get(PREFIX.len()..)?.split_at_checked(32)?;
        let ids = (
            WorkspaceId::from_bytes(workspace.try_into().ok()?),
            AssetId::from_bytes(asset.try_into().ok()?),
        );
        Some((ids, if value == KEEP { Wish::Keep } else { Wish::GiveUp }))
    };
    Ok(store.scan(PREFIX)?.into_iter().filter_map(|(key, value)| wish(&key, &value)).collect())
}

const PREFIX: &[u8] = b"web/wish/";
const KEEP: &[u8] = b"keep";
const GIVE_UP: &[u8] = b"give up";

fn key(workspace: WorkspaceId, asset: AssetId) -> Vec<u8> {
    [PREFIX, workspace.as_bytes(), asset.as_bytes()].concat()
}

impl<S: Store> Desk<S> {
    pub(crate) fn stored(&mut self) -> Result<Vec<StoredCard>, DeskError> {
        let mut cards = Vec::new();
        for workspace in self.replicas.keys().copied().collect::<Vec<_>>() {
            let plan = self.plan(workspace)?;
            for asset in &plan.assets {
                let (store, replica) = self.replica(workspace)?;
                let view = replica.review(store, asset.id, Audience::Everyone)?;
                let blobs: Vec<_> = view.blobs.values().map(|held| (held.blob, held.bytes)).collect();
                let here = blobs.iter().filter(|(blob, _)| self.shelf.whole.contains(blob));
                cards.push(StoredCard {
                    workspace: workspace.to_hex(),
                    workspace_name: plan.name.clone(),
                    asset: asset.id.to_hex(),
                    name: asset.name.clone(),
                    bytes_here: here.map(|(_, bytes)| bytes).sum(),
                    bytes: blobs.iter().map(|(_, bytes)| bytes).sum(),
                    kept: match self.wishes.get(&(workspace, asset.id)) {
                        Some(wish) => *wish == Wish::Keep,
                        None => {
                            view.blobs.iter().all(|(name, held)| comes_by_itself(&view, name, held.bytes))
                        }
                    },
                });
            }
        }
        Ok(cards)
    }

    /// The blobs of an asset's versions, with their lengths.
    pub(crate) fn blobs_of(
        &mut self,
        workspace: WorkspaceId,
        asset: AssetId,
    ) -> Result<Vec<(BlobHash, u64)>, DeskError> {
        let (store, replica) = self.replica(workspace)?;
        let view = replica.review(store, asset, Audience::Everyone)?;
        Ok(view.blobs.values().map(|held| (held.blob, held.bytes)).collect())
    }

    /// Keeps all of an asset's files here, or gives them up. What the relay lacks yet is never given up.
    pub(crate) fn keep(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        asset: AssetId,
        keep: bool,
    ) -> Result<(), DeskError> {
        let (wish, word) = if keep { (Wish::Keep, KEEP) } else { (Wish::GiveUp, GIVE_UP) };
        let mut batch = Batch::default();
        batch.put(key(workspace, asset), word.to_vec());
        self.store.commit(batch)?;
        self.wishes.insert((workspace, asset), wish);
        if keep {
            self.fetch(now, workspace)?;
        } else {
            for (blob, _) in self.blobs_of(workspace, asset)? {
                if !self.outgoing.holds(workspace, blob) && self.shelf.whole.remove(&blob) {
                    self.orders.push_back(Order::Drop { blob });
                }
            }
        }
        self.tell(Notice::File { workspace: workspace.to_hex() });
        Ok(())
    }

    pub(crate) fn library(&mut self, workspace: WorkspaceId) -> Result<Library, DeskError> {
        let names = self.names(workspace)?;
        let plan = self.plan(workspace)?;
        let library = &plan.library;
        let calendar =
            |c: &proofroom_review::CalendarSpec| (c.name.to_string(), c.zone.clone(), week_in_words(&c.week));
        Ok(Library {
            routes: library.routes.iter().map(route_card).collect(),
            calendars: library.calendars.iter().map(calendar).collect(),
            cast: library
                .cast
                .iter()
                .map(|(role, people)| (role.to_string(), people.iter().map(|p| names.of(p)).collect()))
                .collect(),
        })
    }
}

fn route_card(route: &RouteTemplate) -> RouteCard {
    let stage = |s: &proofroom_review::route::StageTemplate| {
        let title = s.title.clone().unwrap_or_else(|| s.name.to_string());
        let asks: Vec<String> = s
            .reviewers
            .iter()
            .map(|slot| match &slot.role {
                Some(role) if slot.people.is_empty() => role.to_string(),
                _ => slot.people.join(", "),
            })
            .collect();
        (title, asks.join(", "))
    };
    RouteCard {
        name: route.name.to_string(),
        about: route.about.clone(),
        calendar: route.calendar.as_ref().map(ToString::to_string).unwrap_or_default(),
        stages: route.stages.iter().map(stage).collect(),
    }
}

/// `Mon 09:00-17:00; Tue 09:00-17:00`, days off left out.
fn week_in_words(week: &Week) -> String {
    let days = [
        ("Mon", &week.mon),
        ("Tue", &week.tue),
        ("Wed", &week.wed),
        ("Thu", &week.thu),
        ("Fri", &week.fri),
        ("Sat", &week.sat),
        ("Sun", &week.sun),
    ];
    let hours = |of: &[Hours]| of.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let worked = days.iter().filter(|(_, of)| !of.is_empty());
    worked.map(|(day, of)| format!("{day} {}", hours(of))).collect::<Vec<_>>().join("; ")
}
