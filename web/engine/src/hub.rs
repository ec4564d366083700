//! Messages between pages, this worker and the leading tab's worker.
//!
//! ```text
//! page -> worker      {asked: JSON of Asked, files?: [File]}
//! worker -> page      {told: JSON of Told, body?: Uint8Array or File}
//! on the channel      {from, asked, files?}   a follower's ask, for whoever leads
//!                     {to, told, body?}       the leader's answer
//!                     {all: told}             the leader's notice
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use proofroom_web_wire::{Asked, Fault, Notice, Reply, Told};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{BroadcastChannel, MessageEvent};

use crate::lead::Lead;
use crate::world::{field, lead, object, rng, said, scope};

struct Hub {
    channel: BroadcastChannel,
    /// This worker's name on the channel.
    name: String,
    lead: RefCell<Option<Lead>>,
    /// Asks of this page that nobody has answered yet: sent again to whoever leads next.
    open: RefCell<BTreeMap<u64, Open>>,
}

/// An ask as a page sent it: its text, and the files beside it.
#[derive(Clone)]
struct Open {
    text: String,
    files: JsValue,
}

impl Open {
    fn of(message: &JsValue) -> Option<Self> {
        Some(Self { text: field(message, "asked").as_string()?, files: field(message, "files") })
    }
}

/// Sets the worker up; everything else happens in callbacks.
pub(crate) fn run() {
    let channel = match BroadcastChannel::new("proofroom") {
        Ok(channel) => channel,
        Err(error) => return post(&ready(Some(said(&error))), &JsValue::UNDEFINED),
    };
    let name = {
        use rand_core::Rng as _;
        format!("{:016x}", rng().next_u64())
    };
    let hub = Rc::new(Hub { channel, name, lead: RefCell::default(), open: RefCell::default() });
    listen(&hub);
    let taking_over = hub.clone();
    let granted = Closure::once_into_js(move || -> JsValue {
        spawn_local(async move { taking_over.take_over().await });
        // Never settled: the lock is held until this worker ends.
        js_sys::Promise::new(&mut |_, _| {}).into()
    });
    if let Err(error) = lead(granted.unchecked_ref()) {
        post(&ready(Some(said(&error))), &JsValue::UNDEFINED);
    }
    // Somebody else may lead already: ask them whether they are there.
    hub.forward(&object(&[("from", &JsValue::from_str(&hub.name)), ("hello", &JsValue::TRUE)]));
}

fn listen(hub: &Rc<Hub>) {
    let page = hub.clone();
    let on_page = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(open) = Open::of(&event.data()) {
            page.asked_here(open);
        }
    });
    scope().set_onmessage(Some(on_page.as_ref().unchecked_ref()));
    on_page.forget();
    let tabs = hub.clone();
    let on_channel =
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| tabs.heard(&event.data()));
    hub.channel.set_onmessage(Some(on_channel.as_ref().unchecked_ref()));
    on_channel.forget();
}

impl Hub {
    /// The lock is ours: open the store, then answer whatever is open.
    async fn take_over(self: Rc<Self>) {
        let teller = self.clone();
        let opened = Lead::open(Rc::new(move |notice| teller.tell_all(notice))).await;
        match opened {
            Ok(lead) => {
                *self.lead.borrow_mut() = Some(lead);
                self.tell_all(Notice::Ready { fault: None });
                let open: Vec<Open> = self.open.borrow().values().cloned().collect();
                for asked in open {
                    self.clone().answer_here(asked);
                }
            }
            Err(fault) => self.tell_all(Notice::Ready { fault: Some(fault) }),
        }
    }

    fn asked_here(self: &Rc<Self>, open: Open) {
        let Ok(asked) = serde_json::from_str::<Asked>(&open.text) else { return };
        self.open.borrow_mut().insert(asked.number, open.clone());
        if self.lead.borrow().is_some() {
            return self.clone().answer_here(open);
        }
        self.ask_others(&open);
    }

    fn ask_others(&self, open: &Open) {
        let (from, asked) = (JsValue::from_str(&self.name), JsValue::from_str(&open.text));
        self.forward(&object(&[("from", &from), ("asked", &asked), ("files", &open.files)]));
    }

    fn answer_here(self: Rc<Self>, open: Open) {
        let Some(lead) = self.lead.borrow().clone() else { return };
        let Ok(asked) = serde_json::from_str::<Asked>(&open.text) else { return };
        spawn_local(async move {
            let (reply, body) = lead.answer(asked.ask, open.files).await;
            self.open.borrow_mut().remove(&asked.number);
            post(&Told::Reply { number: asked.number, reply }, &body);
        });
    }

    /// A message of another tab's worker.
    fn heard(self: &Rc<Self>, message: &JsValue) {
        if let Some(all) = field(message, "all").as_string() {
            return self.heard_notice(all);
        }
        if field(message, "to").as_string().as_deref() == Some(&self.name) {
            let told = field(message, "told");
            if let Some(Told::Reply { number, .. }) =
                told.as_string().and_then(|text| serde_json::from_str(&text).ok())
            {
                // Asked twice across a change of leaders, answered twice: once is enough.
                if self.open.borrow_mut().remove(&number).is_none() {
                    return;
                }
            }
            return post_text(&told, &field(message, "body"));
        }
        let Some(from) = field(message, "from").as_string() else { return };
        let Some(lead) = self.lead.borrow().clone() else { return };
        if field(message, "hello").is_truthy() {
            return self.tell_all(Notice::Ready { fault: None });
        }
        let open = Open::of(message);
        let asked = open.as_ref().and_then(|open| serde_json::from_str::<Asked>(&open.text).ok());
        let (hub, Some(asked), Some(open)) = (self.clone(), asked, open) else { return };
        spawn_local(async move {
            let (reply, body) = lead.answer(asked.ask, open.files).await;
            let told = text_of(&Told::Reply { number: asked.number, reply });
            hub.forward(&object(&[("to", &JsValue::from_str(&from)), ("told", &told), ("body", &body)]));
        });
    }

    fn heard_notice(self: &Rc<Self>, text: String) {
        let told = serde_json::from_str::<Told>(&text);
        post_text(&JsValue::from_str(&text), &JsValue::UNDEFINED);
        // A new leader: what the old one left unanswered is asked again.
        if matches!(told, Ok(Told::Notice(Notice::Ready { fault: None }))) {
            self.open.borrow().values().for_each(|open| self.ask_others(open));
        }
    }

    fn tell_all(&self, notice: Notice) {
        let told = Told::Notice(notice);
        self.forward(&object(&[("all", &text_of(&told))]));
        post(&told, &JsValue::UNDEFINED);
    }

    fn forward(&self, message: &JsValue) {
        // A closed channel means that this worker ends.
        let _ended = self.channel.post_message(message);
    }
}

fn ready(fault: Option<String>) -> Told {
    let fault =
        fault.map(|what| Fault { what, hint: "use a current browser, over https or on localhost".into() });
    Told::Notice(Notice::Ready { fault })
}

fn text_of(told: &Told) -> JsValue {
    let failed = |e: serde_json::Error| {
        let fault =
            Fault { what: format!("the engine's answer cannot be written: {e}"), hint: String::new() };
        serde_json::to_string(&Told::Reply { number: 0, reply: Reply::Fault(fault) }).unwrap_or_default()
    };
    JsValue::from_str(&serde_json::to_string(told).unwrap_or_else(failed))
}

fn post(told: &Told, body: &JsValue) {
    post_text(&text_of(told), body);
}

/// To this worker's own page; bytes move, they are not copied.
fn post_text(told: &JsValue, body: &JsValue) {
    let message = object(&[("told", told), ("body", body)]);
    let moved = Array::new();
    if let Some(bytes) = body.dyn_ref::<Uint8Array>() {
        moved.push(&bytes.buffer());
    }
    // The page is gone when this fails, and the worker with it.
    let _gone = scope().post_message_with_transfer(&message, &moved);
}
