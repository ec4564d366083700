//! The way to the engine: numbered asks out, replies and notices in.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Reflect, Uint8Array};
use proofroom_web_wire::{Ask, Asked, Fault, Notice, Reply, Told};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

type Answer = Box<dyn FnOnce(Reply, Option<Uint8Array>)>;

struct Engine {
    worker: Worker,
    next: u64,
    waiting: BTreeMap<u64, Answer>,
}

thread_local! {
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
}

/// Starts the worker; `notice` hears of everything that is no answer.
pub(crate) fn start(notice: impl Fn(Notice) + 'static) -> Result<(), Fault> {
    let broken = |what: &str| Fault {
        what: format!("the engine does not start: {what}"),
        hint: "reload the page; if that does not help, use a current browser".into(),
    };
    let document = web_sys::window().and_then(|w| w.document()).ok_or_else(|| broken("there is no page"))?;
    let script = document
        .query_selector("meta[name=proofroom-worker]")
        .ok()
        .flatten()
        .and_then(|meta| meta.get_attribute("content"))
        .ok_or_else(|| broken("the page does not name its worker"))?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker =
        Worker::new_with_options(&script, &options).map_err(|_| broken("the browser refuses the worker"))?;
    let heard =
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hear(&event.data(), &notice));
    worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    ENGINE.set(Some(Engine { worker, next: 1, waiting: BTreeMap::new() }));
    Ok(())
}

/// Asks the engine; `answer` is called once, unless the page goes away first.
pub(crate) fn ask(ask: Ask, answer: impl FnOnce(Reply) + 'static) {
    ask_for_bytes(ask, move |reply, _| answer(reply));
}

/// As [`ask`], for asks that are answered with bytes.
pub(crate) fn ask_for_bytes(ask: Ask, answer: impl FnOnce(Reply, Option<Uint8Array>) + 'static) {
    ENGINE.with_borrow_mut(|engine| {
        let Some(engine) = engine else { return };
        let number = engine.next;
        engine.next += 1;
        engine.waiting.insert(number, Box::new(answer));
        if let Ok(text) = serde_json::to_string(&Asked { number, ask }) {
            // A worker takes every message for as long as its page lives.
            let _sent = engine.worker.post_message(&JsValue::from_str(&text));
        }
    });
}

fn hear(message: &JsValue, notice: &impl Fn(Notice)) {
    let field = |key: &str| Reflect::get(message, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED);
    let told = field("told").as_string().and_then(|text| serde_json::from_str(&text).ok());
    match told {
        Some(Told::Reply { number, reply }) => {
            let answer = ENGINE.with_borrow_mut(|e| e.as_mut().and_then(|e| e.waiting.remove(&number)));
            if let Some(answer) = answer {
                answer(reply, field("body").dyn_into().ok());
            }
        }
        Some(Told::Notice(told)) => notice(told),
        None => {}
    }
}
