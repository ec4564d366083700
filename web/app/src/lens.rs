//! The way to the lens: a worker for each look, which ends with it, and its memory with it.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use proofroom_web_wire::{Look, Looked};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

const GONE: &str = "it could not be read: the reader ended. It may be damaged, or too large for this browser";

/// Looks into files, each a list of its pieces; what is seen, and a picture where there is one.
pub(crate) async fn look(ask: Look, files: Vec<Array>) -> Result<(Looked, Option<Uint8Array>), String> {
    let broken = |_| GONE.to_owned();
    let worker = begin().ok_or(GONE)?;
    let text = serde_json::to_string(&ask).map_err(|e| e.to_string())?;
    let message = Object::new();
    let files: Array = files.iter().collect();
    for (key, value) in [("ask", JsValue::from_str(&text)), ("files", files.into())] {
        Reflect::set(&message, &key.into(), &value).map_err(broken)?;
    }
    let heard = JsFuture::from(answer(&worker, &message)).await;
    worker.terminate();
    let heard: Array = heard.map_err(broken)?.dyn_into().map_err(broken)?;
    let seen = heard.get(0).as_string().and_then(|text| serde_json::from_str(&text).ok()).ok_or(GONE)?;
    match seen {
        Looked::Fault(why) => Err(why),
        seen => Ok((seen, heard.get(1).dyn_into().ok())),
    }
}

fn begin() -> Option<Worker> {
    let document = web_sys::window()?.document()?;
    let script = document.query_selector("meta[name=proofroom-lens]").ok()??.get_attribute("content")?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options(&script, &options).ok()
}

/// What the worker says, or that it failed.
fn answer(worker: &Worker, message: &Object) -> Promise {
    Promise::new(&mut |resolve, reject| {
        let heard = Closure::once_into_js(move |event: MessageEvent| {
            // A resolver does not fail.
            let _resolved = resolve.call1(&JsValue::UNDEFINED, &event.data());
        });
        worker.set_onmessage(Some(heard.unchecked_ref()));
        worker.set_onerror(Some(&reject));
        // A worker takes every message for as long as it lives.
        let _sent = worker.post_message(message);
    })
}
