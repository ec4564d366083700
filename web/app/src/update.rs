//! A new version of the app: it waits until the person takes it.

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use crate::page;

fn container() -> Option<ServiceWorkerContainer> {
    let navigator = page::window()?.navigator();
    let there = js_sys::Reflect::has(&navigator, &JsValue::from_str("serviceWorker")).unwrap_or(false);
    there.then(|| navigator.service_worker())
}

/// Tells whether a new version waits.
pub(crate) fn watch() -> RwSignal<bool> {
    let newer = RwSignal::new(false);
    if let Some(container) = container() {
        // Another tab took the new version: this one still runs the old one.
        if container.controller().is_some() {
            let changed = Closure::<dyn FnMut()>::new(move || newer.set(true));
            container.set_oncontrollerchange(Some(changed.as_ref().unchecked_ref()));
            changed.forget();
        }
        spawn_local(async move {
            let Ok(ready) = container.ready() else { return };
            let Ok(registration) = JsFuture::from(ready).await else { return };
            follow(registration.unchecked_into(), newer);
        });
    }
    newer
}

fn follow(registration: ServiceWorkerRegistration, newer: RwSignal<bool>) {
    if registration.waiting().is_some() {
        newer.set(true);
    }
    let of = registration.clone();
    let found = Closure::<dyn FnMut()>::new(move || {
        let Some(worker) = of.installing() else { return };
        let seen = worker.clone();
        let changed = Closure::<dyn FnMut()>::new(move || {
            if seen.state() == ServiceWorkerState::Installed {
                newer.set(true);
            }
        });
        worker.set_onstatechange(Some(changed.as_ref().unchecked_ref()));
        changed.forget();
    });
    registration.set_onupdatefound(Some(found.as_ref().unchecked_ref()));
    found.forget();
}

/// Takes the new version: the page reloads once it leads.
pub(crate) fn take() {
    let Some(container) = container() else { return page::reload() };
    let reload = Closure::once_into_js(page::reload);
    container.set_oncontrollerchange(Some(reload.unchecked_ref()));
    spawn_local(async move {
        let found = JsFuture::from(container.get_registration()).await;
        let registration = found.ok().and_then(|r| r.dyn_into::<ServiceWorkerRegistration>().ok());
        match registration.and_then(|r| r.waiting()) {
            Some(worker) => {
                // A worker that is gone was replaced by a newer one: reloading finds it.
                let _told = worker.post_message(&JsValue::from_str("take over"));
            }
            None => page::reload(),
        }
    });
}
