//! Members, devices and invites; held-back work.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use proofroom_web_wire::{
    Ask, HeldCard, InviteCard, MemberRow, PeopleAct, PeopleReply, PeopleScreen as Screen, Reply,
};

use crate::confirm::Confirm;
use crate::share::Share;
use crate::state::{State, told};
use crate::welcome::Problem;
use crate::words::{ago, count, date, label, tone};
use crate::{engine, page};

/// What the parts of the screen share.
#[derive(Clone, Copy)]
struct Desk {
    workspace: StoredValue<String>,
    fault: RwSignal<String>,
    /// The link that was made last: shown until the screen is left.
    made: RwSignal<String>,
    /// What is filled in for the next link: it stays while the list is drawn anew.
    wanted: Wanted,
    state: State,
}

/// The next link: whom it lets in as, how often, for how many days.
#[derive(Clone, Copy)]
struct Wanted {
    role: RwSignal<String>,
    uses: RwSignal<String>,
    days: RwSignal<String>,
}

impl Desk {
    /// Does something, and says so.
    fn act(self, act: PeopleAct, said: &'static str) {
        let ask = Ask::People { workspace: self.workspace.get_value(), act };
        engine::ask(ask, move |reply| match reply {
            Reply::Fault(f) => self.fault.set(told(&f)),
            _ => {
                self.fault.set(String::new());
                self.state.say(said);
            }
        });
    }
}

/// A workspace's people.
#[component]
pub(crate) fn PeopleScreen(workspace: String) -> impl IntoView {
    let state = State::here();
    let desk = Desk {
        workspace: StoredValue::new(workspace.clone()),
        fault: RwSignal::new(String::new()),
        made: RwSignal::new(String::new()),
        wanted: Wanted {
            role: RwSignal::new(String::new()),
            uses: RwSignal::new("1".to_owned()),
            days: RwSignal::new("7".to_owned()),
        },
        state,
    };
    provide_context(desk);
    let screen = RwSignal::new(None::<Screen>);
    Effect::new(move |_| {
        state.news_of(&workspace);
        let ask = Ask::People { workspace: workspace.clone(), act: PeopleAct::Show };
        engine::ask(ask, move |reply| match reply {
            Reply::People(PeopleReply::Show(new)) => {
                // The screen may be gone by the time the answer comes.
                if screen.try_with_untracked(|old| old.as_ref() != Some(&*new)) == Some(true) {
                    screen.set(Some(*new));
                }
            }
            Reply::Fault(f) => desk.fault.set(told(&f)),
            _ => {}
        });
    });
    view! {
        <Problem fault=desk.fault/>
        {move || screen.get().map(|s| {
            let grants = s.may_grant.clone();
            view! {
                {(!s.held.is_empty()).then(|| held(&s.held, desk))}
                <section class="panel" aria-labelledby="people">
                    <h1 id="people">"People"</h1>
                    <ul class="rows">{s.members.iter().map(|m| view! { <Member row=m.clone() grants=grants.clone()/> }).collect_view()}</ul>
                </section>
                {s.may_invite.then(|| view! { <Invites invites=s.invites.clone() grants=s.may_grant.clone()/> })}
            }
        })}
    }
}

#[component]
fn Member(row: MemberRow, grants: Vec<String>) -> impl IntoView {
    let desk: Desk = expect_context();
    let card = row.card.clone();
    let (person, name) = (StoredValue::new(card.person.clone()), card.name.clone());
    let active = row.devices.iter().filter(|d| d.active).count();
    let roles = row.may_change.then(|| {
        let options = if grants.contains(&card.role) { grants } else { [vec![card.role.clone()], grants].concat() };
        let now = card.role.clone();
        let change = move |event| {
            let act = PeopleAct::SetRole { person: person.get_value(), role: event_target_value(&event) };
            desk.act(act, "The role is changed");
        };
        view! {
            <select aria-label=format!("Role of {name}") on:change=change>
                {options.into_iter().map(|role| view! { <option value=role.clone() selected=role == now>{label(&role)}</option> }).collect_view()}
            </select>
            <Confirm button="Remove" title=format!("Remove {name}?") class="danger"
                text="What they wrote so far counts, nothing after it. The keys change, so that they read nothing new, and the links that they made or came by admit nobody any more. What they have they keep."
                on_yes=move || desk.act(PeopleAct::Remove { person: person.get_value() }, "Removed; the keys have changed")/>
        }
    });
    let fixed = roles.is_none().then(|| view! { <span class="chip calm">{label(&card.role)}</span> });
    view! {
        <li class="person" class:gone=card.removed>
            <span class="main">
                <strong>{card.name.clone()}{card.me.then_some(" (you)")}</strong>
                <span class="quiet">{card.organisation.clone()}
                    {(!row.vouched_by.is_empty()).then(|| format!(" · let in by {}", row.vouched_by))}
                    {card.removed.then_some(" · removed")}</span>
            </span>
            <details class="devices"><summary>{count(active, "device")}</summary>
                <ul>{row.devices.iter().map(|d| device(d, card.me, desk)).collect_view()}</ul></details>
            {fixed}{roles}
        </li>
    }
}

fn device(of: &proofroom_web_wire::DeviceCard, mine: bool, desk: Desk) -> impl IntoView + use<> {
    let id = StoredValue::new(of.device.clone());
    let may = mine && of.active && !of.this;
    view! {
        <li><span class="code">{of.short.clone()}</span>
            <span class="quiet">{if of.this { "this browser" } else if of.active { "active" } else { "removed" }}", since "{date(of.claimed_at)}</span>
            {may.then(|| view! {
                <Confirm button="Remove" title="Remove this device?".to_owned() class="danger"
                    text="What it wrote so far counts, nothing after it. The keys change, and a link that it came by admits nobody any more."
                    on_yes=move || desk.act(PeopleAct::RemoveDevice { device: id.get_value() }, "The device is removed")/>
            })}
        </li>
    }
}

fn held(cards: &[HeldCard], desk: Desk) -> impl IntoView + use<> {
    let rows = cards.iter().cloned().map(|card| {
        let person = StoredValue::new(card.person.clone());
        view! {
            <li><span class="main"><strong>{card.name.clone()}</strong>
                <span class="quiet">{count(usize::try_from(card.entries).unwrap_or(usize::MAX), "entry").replace("entrys", "entries")}
                    ", the last one written "{ago(card.claimed_at)}</span></span>
                {card.may_adopt.then(|| view! {
                    <Confirm button="Adopt" title=format!("Let the work of {} count?", card.name) class="primary"
                        text="It was written before its author heard of the removal, as they say. Adopting it lets it count for everybody."
                        on_yes=move || desk.act(PeopleAct::Adopt { person: person.get_value() }, "It counts now")/>
                })}
            </li>
        }
    });
    view! {
        <section class="panel warn" aria-labelledby="held">
            <h2 id="held">"Work that is held back"</h2>
            <p class="quiet">"Written by people after they were removed: it counts nowhere until somebody who may adopts it."</p>
            <ul class="rows">{rows.collect_view()}</ul>
        </section>
    }
}

#[component]
fn Invites(invites: Vec<InviteCard>, grants: Vec<String>) -> impl IntoView {
    let desk: Desk = expect_context();
    let Wanted { role, uses, days } = desk.wanted;
    if !grants.contains(&role.get_untracked()) {
        let usual = grants.iter().find(|g| *g == "reviewer").or(grants.first());
        role.set(usual.cloned().unwrap_or_default());
    }
    let made = desk.made;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let days: f64 = days.get_untracked().parse().unwrap_or(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "milliseconds since 1970"
        )]
        let expires = if days > 0.0 { (js_sys::Date::now() + days * 86_400_000.0) as u64 } else { 0 };
        let act = PeopleAct::Invite {
            role: role.get_untracked(),
            uses: uses.get_untracked().parse().unwrap_or(1),
            expires,
        };
        engine::ask(Ask::People { workspace: desk.workspace.get_value(), act }, move |reply| match reply {
            Reply::People(PeopleReply::Invite { link }) => made.set(link),
            Reply::Fault(f) => desk.fault.set(told(&f)),
            _ => {}
        });
    };
    view! {
        <section class="panel" aria-labelledby="invites">
            <h2 id="invites">"Invite"</h2>
            <form class="line" on:submit=submit>
                <label>"Role"<select on:change=move |event| role.set(event_target_value(&event))>
                    {grants.into_iter().map(|g| view! { <option value=g.clone() selected=g == role.get_untracked()>{label(&g)}</option> }).collect_view()}
                </select></label>
                <label>"Uses"<input type="number" min="1" max="1000" bind:value=uses/></label>
                <label>"Days"<input type="number" min="0" max="365" bind:value=days title="0 for an invite that does not end"/></label>
                <button class="primary" type="submit">"Make a link"</button>
            </form>
            {move || Some(made.get()).filter(|link| !link.is_empty()).map(|link| view! {
                <Share text=format!("{}#{link}", page::address()) what="invite"/>
                <p class="hint">"The link is a secret: whoever has it can join and read. Once it did its work, revoke it, and it opens nothing new. It works once this browser is in sync."</p>
            })}
            <ul class="rows">{invites.into_iter().rev().map(|invite| view! { <Invite invite/> }).collect_view()}</ul>
        </section>
    }
}

#[component]
fn Invite(invite: InviteCard) -> impl IntoView {
    let desk: Desk = expect_context();
    let id = StoredValue::new(invite.invite.clone());
    let open = invite.state == "open";
    let ends =
        if invite.expires == 0 { "no end".to_owned() } else { format!("until {}", date(invite.expires)) };
    view! {
        <li><span class="main"><span><strong>{label(&invite.role)}</strong>" "<span class="code quiet">{invite.short.clone()}</span></span>
            <span class="quiet">{format!("{} left, {ends}", count(invite.uses_left as usize, "use"))}</span></span>
            <span class=format!("chip {}", if open { "busy" } else { tone("") })>{label(&invite.state)}</span>
            {((open || invite.state == "used_up") && invite.may_revoke).then(|| view! {
                <Confirm button="Revoke" title="Revoke this link?".to_owned() class="danger"
                    text="It admits no one any more, and the keys change. Who joined by it stays, unless nobody here has heard of them yet."
                    on_yes=move || desk.act(PeopleAct::Revoke { invite: id.get_value() }, "The link is revoked")/>
            })}
        </li>
    }
}
