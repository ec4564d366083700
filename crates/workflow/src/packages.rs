//! Packages: versions that are approved together, item by item and as a whole.

use std::collections::BTreeMap;

use proofroom_ident::AssetId;
use proofroom_review::{Current, Outcome, Package, PackageItem};

use crate::view::{AssetState, PackageState};

/// Where a package stands.
pub(crate) fn package(package: &Package, assets: &BTreeMap<AssetId, AssetState>) -> PackageState {
    let items: Vec<(AssetId, Outcome)> = package.items.iter().map(|i| (i.asset, item(i, assets))).collect();
    let whole = package.whole.map(|whole| assets.get(&whole).map_or(Outcome::Pending, |state| state.outcome));
    let outcome = together(items.iter().map(|(_, outcome)| *outcome).chain(whole));
    PackageState { name: package.name.clone(), outcome, items, whole }
}

fn item(item: &PackageItem, assets: &BTreeMap<AssetId, AssetState>) -> Outcome {
    let Some(state) = assets.get(&item.asset) else { return Outcome::Pending };
    let Some(run) = state.run(&item.version) else { return Outcome::Pending };
    match &state.current {
        // A version that an approval with changes covers is as good as approved.
        Current::One(version) if *version == item.version && state.release.covered_by.is_some() => {
            Outcome::Approved
        }
        _ => run.outcome,
    }
}

/// The outcome of things that go out together: what holds back one holds back all, and silence
/// about one approves none.
fn together(outcomes: impl Iterator<Item = Outcome> + Clone) -> Outcome {
    let any = |wanted: Outcome| outcomes.clone().any(|o| o == wanted);
    let stops = [
        Outcome::Rejected,
        Outcome::ChangesRequired,
        Outcome::Withdrawn,
        Outcome::Superseded,
        Outcome::Expired,
    ];
    if let Some(stop) = stops.into_iter().find(|stop| any(*stop)) {
        return stop;
    }
    let begun = outcomes.clone().any(|o| o != Outcome::Pending);
    match () {
        () if any(Outcome::InProgress) || (any(Outcome::Pending) && begun) => Outcome::InProgress,
        () if any(Outcome::Pending) => Outcome::Pending,
        () if any(Outcome::ApprovedWithChanges) => Outcome::ApprovedWithChanges,
        () if any(Outcome::Approved) => Outcome::Approved,
        () if any(Outcome::NotApplicable) => Outcome::NotApplicable,
        () => Outcome::Skipped,
    }
}
