//! Binding: a template's names and roles become persons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proofroom_ident::PersonId;

use super::{Assignment, Problem, Route, RouteTemplate, Slot, Stage, StageTemplate};
use crate::names::{CalendarName, RoleName};

/// The people of a workspace, as routes ask for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    /// The members, with their printed names.
    pub members: BTreeMap<PersonId, String>,
    /// Those who left, with their printed names.
    pub left: BTreeMap<PersonId, String>,
    /// Who plays which role.
    pub roles: BTreeMap<RoleName, Vec<PersonId>>,
    /// The calendars that there are.
    pub calendars: BTreeSet<CalendarName>,
}

/// A template cannot be bound to these people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BindError(pub Vec<Problem>);

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl RouteTemplate {
    /// The route that this template is for these people.
    pub fn bind(&self, cast: &Cast) -> Result<Route, BindError> {
        let mut problems = Vec::new();
        if let Some(calendar) = self.calendar.as_ref().filter(|c| !cast.calendars.contains(*c)) {
            let known: Vec<&str> = cast.calendars.iter().map(CalendarName::as_str).collect();
            let text = format!("there is no calendar `{calendar}`: there are {}", list(&known));
            problems.push(Problem::new("calendar", text));
        }
        let stages = self.stages.iter().enumerate();
        let stages =
            stages.map(|(i, s)| bind_stage(s, cast, &format!("stages[{i}]"), &mut problems)).collect();
        let route = Route {
            name: self.name.clone(),
            about: self.about.clone(),
            regulated: self.regulated,
            calendar: self.calendar.clone(),
            stages,
        };
        problems.extend(route.problems());
        if problems.is_empty() { Ok(route) } else { Err(BindError(problems)) }
    }
}

fn bind_stage(stage: &StageTemplate, cast: &Cast, at: &str, problems: &mut Vec<Problem>) -> Stage {
    let mut people: BTreeMap<PersonId, Assignment> = BTreeMap::new();
    for (i, slot) in stage.reviewers.iter().enumerate() {
        for assignment in bind_slot(slot, cast, &format!("{at}.reviewers[{i}]"), problems) {
            // Of several slots of one person in one stage the one that asks most counts.
            let held = people.entry(assignment.person).or_insert_with(|| assignment.clone());
            if assignment.duty > held.duty {
                *held = assignment;
            }
        }
    }
    Stage {
        name: stage.name.clone(),
        title: stage.title.clone(),
        start: stage.start.clone(),
        close: stage.close.clone(),
        close_on_first_block: stage.close_on_first_block,
        on_new_version: stage.on_new_version,
        watches: stage.watches.clone(),
        meaning: stage.meaning,
        due: stage.due,
        due_at: stage.due_at,
        escalate_after: stage.escalate_after,
        checklist: stage.checklist.clone(),
        reviewers: people.into_values().collect(),
    }
}

fn bind_slot(slot: &Slot, cast: &Cast, at: &str, problems: &mut Vec<Problem>) -> Vec<Assignment> {
    let mut people = Vec::new();
    for (i, name) in slot.people.iter().enumerate() {
        match cast.person(name) {
            Ok(person) => people.push(person),
            Err(text) => problems.push(Problem::new(format!("{at}.people[{i}]"), text)),
        }
    }
    if slot.people.is_empty()
        && let Some(role) = &slot.role
    {
        let played = cast.roles.get(role).map(Vec::as_slice).unwrap_or_default();
        people.extend(played.iter().filter(|p| cast.members.contains_key(*p)));
        if people.is_empty() {
            let text = format!("nobody in the workspace plays `{role}`: cast somebody or name `people`");
            problems.push(Problem::new(format!("{at}.role"), text));
        }
    }
    let backup = slot.backup.as_ref().and_then(|name| {
        cast.person(name).map_err(|text| problems.push(Problem::new(format!("{at}.backup"), text))).ok()
    });
    if let Some(backup) = backup.filter(|backup| people.contains(backup)) {
        let text = format!("{} is their own backup: name somebody else", cast.members[&backup]);
        problems.push(Problem::new(format!("{at}.backup"), text));
    }
    let assignment =
        |person| Assignment { person, duty: slot.duty, role: slot.role.clone(), due: slot.due, backup };
    people.into_iter().map(assignment).collect()
}

impl Cast {
    /// The member of an id or a printed name, or what is wrong with it.
    pub fn person(&self, name: &str) -> Result<PersonId, String> {
        if let Ok(id) = name.parse::<PersonId>() {
            return match (self.members.contains_key(&id), self.left.get(&id)) {
                (true, _) => Ok(id),
                (false, Some(name)) => Err(left(name)),
                (false, None) => {
                    Err(format!("{} is no member of the workspace: invite them first", id.short()))
                }
            };
        }
        let named = |people: &BTreeMap<PersonId, String>| -> Vec<PersonId> {
            people.iter().filter(|(_, printed)| *printed == name).map(|(id, _)| *id).collect()
        };
        match named(&self.members).as_slice() {
            [one] => Ok(*one),
            [] if !named(&self.left).is_empty() => Err(left(name)),
            [] => {
                let known: Vec<&str> = self.members.values().map(String::as_str).collect();
                Err(format!("nobody in the workspace is called `{name}`: there are {}", list(&known)))
            }
            several => {
                let ids: Vec<String> = several.iter().map(PersonId::to_hex).collect();
                Err(format!("`{name}` is the name of several people: give one's id, {}", ids.join(" or ")))
            }
        }
    }
}

fn left(name: &str) -> String {
    format!("{name} has left the workspace: name somebody else")
}

fn list(names: &[&str]) -> String {
    const SHOWN_MAX: usize = 20;
    let shown: Vec<&str> = names.iter().copied().take(SHOWN_MAX).collect();
    match names.len() {
        0 => "none".into(),
        n if n > SHOWN_MAX => format!("{} and {} more", shown.join(", "), n - SHOWN_MAX),
        _ => shown.join(", "),
    }
}
