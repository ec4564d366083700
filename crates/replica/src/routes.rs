//! Which route a version takes: the workspace's templates and rules, bound to its people.

use std::collections::BTreeMap;

use proofroom_ident::{AssetId, PersonId};
use proofroom_review::route::{Cast, ready_templates};
use proofroom_review::{AssetView, PlanView, RoleName, Route, RouteChoice, RouteName, RouteTemplate};
use proofroom_store::Store;
use proofroom_workflow::{RoutingInput, choose};

use crate::error::ReplicaError;
use crate::open::Replica;

/// A template, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTemplate {
    /// The template.
    pub template: RouteTemplate,
    /// Whether the workspace has it for itself; the others come with the program.
    pub own: bool,
}

/// The route for a version, before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenRoute {
    /// The route; absent for the built-in one.
    pub route: Option<Route>,
    /// Why the rules chose it; absent where somebody named it, or there are no rules.
    pub choice: Option<RouteChoice>,
}

/// The role that the approvers of a brief play, where the workspace casts nobody for it.
pub const APPROVERS: &str = "approvers";

impl Replica {
    /// All templates, those of the workspace in the place of the program's of the same name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn templates(&mut self, store: &dyn Store) -> Result<Vec<HeldTemplate>, ReplicaError> {
        templates(&*self.plan(store)?)
    }

    /// The people of the workspace as routes ask for them. Where the workspace casts nobody as
    /// `approvers`, those whom the asset's brief names do.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn cast(&mut self, store: &dyn Store, asset: Option<AssetId>) -> Result<Cast, ReplicaError> {
        let plan = self.plan(store)?;
        let (mut members, mut left) = (BTreeMap::new(), BTreeMap::new());
        for member in self.members(store)? {
            let name = member.printed_name.unwrap_or_else(|| member.person.short());
            let list = if member.removed { &mut left } else { &mut members };
            list.insert(member.person, name);
        }
        let calendars = plan.library.calendars.iter().map(|c| c.name.clone()).collect();
        let mut cast = Cast { members, left, roles: plan.library.cast.clone(), calendars };
        let shown = asset.and_then(|id| plan.asset(&id));
        let named = shown.map(|asset| approvers(asset, &plan, &cast)).unwrap_or_default();
        if let Ok(role) = APPROVERS.parse::<RoleName>()
            && !named.is_empty()
        {
            cast.roles.entry(role).or_insert(named);
        }
        Ok(cast)
    }

    /// The route that an asset's next version takes: the named one, else what the rules choose, else
    /// the built-in one.
    ///
    /// # Errors
    /// When there is no such route, or it cannot be bound to the workspace's people.
    pub fn choose_route(
        &mut self,
        store: &dyn Store,
        asset: AssetId,
        named: Option<&RouteName>,
    ) -> Result<ChosenRoute, ReplicaError> {
        let plan = self.plan(store)?;
        let shown = plan.asset(&asset).ok_or(ReplicaError::UnknownAsset(asset))?;
        let templates: Vec<RouteTemplate> = templates(&plan)?.into_iter().map(|held| held.template).collect();
        let (template, choice) = match (named, &plan.library.rules) {
            (Some(name), _) if *name == RouteName::built_in() => (None, None),
            (Some(name), _) => (Some(find(&templates, name)?.clone()), None),
            (None, None) => (None, None),
            (None, Some(rules)) => {
                let request = shown.request.and_then(|key| plan.request(&key));
                let input = RoutingInput::of(shown, request);
                let routed = choose(rules, &templates, &input).ok_or_else(|| {
                    let text =
                        "the routing rules choose a route that is not here: import it, or change the rules";
                    ReplicaError::Invalid(text.into())
                })?;
                (Some(routed.template), Some(routed.choice))
            }
        };
        let cast = self.cast(store, Some(asset))?;
        let bind = |template: RouteTemplate| {
            template.bind(&cast).map_err(|problems| ReplicaError::Unbound {
                route: template.name.to_string(),
                problems: problems.0.iter().map(ToString::to_string).collect(),
            })
        };
        Ok(ChosenRoute { route: template.map(bind).transpose()?, choice })
    }
}

fn templates(plan: &PlanView) -> Result<Vec<HeldTemplate>, ReplicaError> {
    let own = &plan.library.routes;
    let ready = ready_templates().map_err(|e| ReplicaError::Invalid(e.to_string()))?;
    let ready = ready.into_iter().filter(|t| own.iter().all(|o| o.name != t.name));
    let mut all: Vec<HeldTemplate> = ready.map(|template| HeldTemplate { template, own: false }).collect();
    all.extend(own.iter().map(|template| HeldTemplate { template: template.clone(), own: true }));
    Ok(all)
}

fn find<'t>(templates: &'t [RouteTemplate], name: &RouteName) -> Result<&'t RouteTemplate, ReplicaError> {
    templates.iter().find(|t| t.name == *name).ok_or_else(|| ReplicaError::UnknownRoute {
        route: name.to_string(),
        routes: templates.iter().map(|t| t.name.to_string()).collect(),
    })
}

/// Those whom the brief of an asset names as approvers and who are members.
fn approvers(asset: &AssetView, plan: &PlanView, cast: &Cast) -> Vec<PersonId> {
    let request = asset.request.and_then(|key| plan.request(&key));
    let names = request.map(|r| r.form.approvers.as_slice()).unwrap_or_default();
    let mut people: Vec<PersonId> = names.iter().filter_map(|name| cast.person(name).ok()).collect();
    people.sort_unstable();
    people.dedup();
    people
}
