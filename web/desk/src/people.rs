//! Members, devices and invites.

use std::collections::BTreeMap;

use proofroom_authority::Role;
use proofroom_ident::{InviteId, Millis, PersonId, WorkspaceId};
use proofroom_replica::{HeldBackLog, InviteView, MemberView, Step};
use proofroom_store::Store;
use proofroom_web_wire::{
    DeviceCard, HeldCard, InviteCard, MemberRow, Notice, PeopleAct, PeopleReply, PeopleScreen, Reply,
};

use crate::desk::{Desk, parse};
use crate::fault::DeskError;
use crate::screens::{Names, member_card};

impl<S: Store> Desk<S> {
    pub(crate) fn people_act(
        &mut self,
        now: Millis,
        workspace: WorkspaceId,
        act: PeopleAct,
    ) -> Result<Reply, DeskError> {
        match act {
            PeopleAct::Show => {
                let screen = self.people(now, workspace)?;
                return Ok(Reply::People(PeopleReply::Show(Box::new(screen))));
            }
            PeopleAct::Invite { role, uses, expires } => {
                let role: Role = parse(&role, "a role")?;
                let expires = Some(Millis(expires)).filter(|end| end.0 > 0);
                let relays = self.relays_for_others(workspace);
                let link = self.act(now, workspace, |replica, step| {
                    replica.invite(step, role, uses.max(1), expires, relays)
                })?;
                self.tell_members(workspace);
                return Ok(Reply::People(PeopleReply::Invite { link: link.to_string() }));
            }
            PeopleAct::Revoke { invite } => {
                let invite: InviteId = parse(&invite, "an invite")?;
                self.act(now, workspace, |replica, step| replica.revoke_invite(step, invite))?;
            }
            PeopleAct::Remove { person } => {
                let person: PersonId = parse(&person, "a person")?;
                self.act(now, workspace, |replica, step| replica.remove(step, person))?;
            }
            PeopleAct::SetRole { person, role } => {
                let (person, role) = (parse(&person, "a person")?, parse(&role, "a role")?);
                self.act(now, workspace, |replica, step| replica.set_role(step, person, role))?;
            }
            PeopleAct::RemoveDevice { device } => {
                let device = parse(&device, "a device")?;
                self.act(now, workspace, |replica, step| replica.remove_device(step, device))?;
            }
            PeopleAct::Adopt { person } => {
                let person: PersonId = parse(&person, "a person")?;
                self.act(now, workspace, |replica, step| replica.adopt(step, person))?;
            }
        }
        self.tell_members(workspace);
        Ok(Reply::Done)
    }

    fn tell_members(&mut self, workspace: WorkspaceId) {
        self.tell(Notice::Changed { workspace: workspace.to_hex(), assets: Vec::new() });
    }

    fn people(&mut self, now: Millis, workspace: WorkspaceId) -> Result<PeopleScreen, DeskError> {
        let role = self.role(workspace)?;
        let names = self.names(workspace)?;
        let (store, replica) = self.replica(workspace)?;
        let members = replica.members(store)?;
        let invites = replica.invites().iter().map(|invite| invite_card(invite, role, now)).collect();
        let held = {
            let replica = self.replicas.get_mut(&workspace);
            let step = Step { store: &mut self.store, now, rng: &mut self.rng };
            replica.map(|replica| replica.held_back(&step)).transpose()?.unwrap_or_default()
        };
        let grants = |role: Role| Role::ALL.into_iter().filter(move |other| role.may_grant(*other));
        Ok(PeopleScreen {
            members: members.into_iter().map(|member| row(member, role, &names)).collect(),
            invites,
            held: held_cards(&held, &names, role.is_some_and(|role| role >= Role::Producer)),
            may_grant: role.into_iter().flat_map(grants).map(|role| role.to_string()).collect(),
            may_invite: role.is_some_and(|role| role >= Role::Producer),
        })
    }
}

fn row(member: MemberView, mine: Option<Role>, names: &Names) -> MemberRow {
    let theirs = member.role.parse::<Role>().ok();
    let may_act = mine.zip(theirs).is_some_and(|(mine, theirs)| mine.may_act_on(theirs));
    let device = |d: &proofroom_replica::DeviceView| DeviceCard {
        device: d.device.to_hex(),
        short: d.device.short(),
        active: d.active,
        this: d.this,
        claimed_at: d.claimed_at.0,
    };
    MemberRow {
        vouched_by: member.vouched_by.map(|p| names.of(&p)).unwrap_or_default(),
        devices: member.devices.iter().map(device).collect(),
        may_change: may_act && !member.me && !member.removed && mine >= Some(Role::Producer),
        card: member_card(member),
    }
}

fn invite_card(invite: &InviteView, mine: Option<Role>, now: Millis) -> InviteCard {
    let state = match invite {
        InviteView { revoked: true, .. } => "revoked",
        InviteView { uses_left: 0, .. } => "used_up",
        InviteView { expires: Some(end), .. } if *end <= now => "expired",
        _ => "open",
    };
    InviteCard {
        invite: invite.invite.to_hex(),
        short: invite.invite.short(),
        role: invite.role.clone(),
        uses_left: invite.uses_left,
        expires: invite.expires.map_or(0, |end| end.0),
        state: state.to_owned(),
        may_revoke: mine.zip(invite.role.parse().ok()).is_some_and(|(mine, role)| mine.may_grant(role)),
    }
}

/// What is held back, by person.
fn held_cards(logs: &[HeldBackLog], names: &Names, may_adopt: bool) -> Vec<HeldCard> {
    let mut cards: BTreeMap<PersonId, HeldCard> = BTreeMap::new();
    for log in logs {
        let card = cards.entry(log.person).or_insert_with(|| HeldCard {
            person: log.person.to_hex(),
            name: names.of(&log.person),
            may_adopt,
            ..HeldCard::default()
        });
        card.entries += log.last_seq - log.first_seq + 1;
        card.claimed_at = card.claimed_at.max(log.claimed_at.0);
    }
    cards.into_values().collect()
}
