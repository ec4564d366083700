//! The way to the engine: numbered asks out, replies and notices in.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, Object, Reflect, Uint8Array};
use proofroom_web_wire::{Ask, Asked, Fault, Notice, Reply, Told};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{File, MessageEvent, Worker, WorkerOptions, WorkerType};

/// What comes beside a reply: bytes, or a file.
pub(crate) type Body = JsValue;

type Answer = Box<dyn FnOnce(Reply, Body)>;

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
    send(ask, &[], Box::new(move |reply, _| answer(reply)));
}

/// As [`ask`], for asks that files go with.
pub(crate) fn ask_with_files(ask: Ask, files: &[File], answer: impl FnOnce(Reply) + 'static) {
    send(ask, files, Box::new(move |reply, _| answer(reply)));
}

/// As [`ask`], for asks that are answered with bytes.
pub(crate) fn ask_for_bytes(ask: Ask, answer: impl FnOnce(Reply, Option<Uint8Array>) + 'static) {
    send(ask, &[], Box::new(move |reply, body| answer(reply, body.dyn_into().ok())));
}

/// As [`ask`], for asks that are answered with a file.
pub(crate) fn ask_for_file(ask: Ask, answer: impl FnOnce(Reply, Option<File>) + 'static) {
    send(ask, &[], Box::new(move |reply, body| answer(reply, body.dyn_into().ok())));
}

fn send(ask: Ask, files: &[File], answer: Answer) {
    ENGINE.with_borrow_mut(|engine| {
        let Some(engine) = engine else { return };
        let number = engine.next;
        engine.next += 1;
        engine.waiting.insert(number, answer);
        if let Ok(text) = serde_json::to_string(&Asked { number, ask }) {
            let message = Object::new();
            let files: Array = files.iter().collect();
            for (key, value) in [("asked", JsValue::from_str(&text)), ("files", files.into())] {
                // Setting a field of a fresh object does not fail.
                let _set = Reflect::set(&message, &JsValue::from_str(key), &value);
            }
            // A worker takes every message for as long as its page lives.
            let _sent = engine.worker.post_message(&message);
        }
    });
}

/// As [`ask_for_bytes`], to be waited for.
pub(crate) async fn answer(ask: Ask) -> (Reply, Option<Uint8Array>) {
    let (send, heard) = futures_channel::oneshot::channel();
    ask_for_bytes(ask, move |reply, body| {
        // Nobody waits any more when this fails.
        let _gone = send.send((reply, body));
    });
    heard.await.unwrap_or_else(|_| {
        let what = "the engine is gone".into();
        (Reply::Fault(Fault { what, hint: "reload the page: what was kept is safe".into() }), None)
    })
}

fn hear(message: &JsValue, notice: &impl Fn(Notice)) {
    let field = |key: &str| Reflect::get(message, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED);
    let told = field("told").as_string().and_then(|text| serde_json::from_str(&text).ok());
    match told {
        Some(Told::Reply { number, reply }) => {
            let answer = ENGINE.with_borrow_mut(|e| e.as_mut().and_then(|e| e.waiting.remove(&number)));
            if let Some(answer) = answer {
                answer(reply, field("body"));
            }
        }
        Some(Told::Notice(told)) => notice(told),
        None => {}
    }
}
