//! The leading tab's engine: the desk, its files and its sockets.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use js_sys::Uint8Array;
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_store_redb::RedbStore;
use proofroom_web_desk::{Desk, Order, SocketEvent};
use proofroom_web_wire::{Ask, Fault, Notice, Reply};
use rand_core::Rng as _;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::disk::Disk;
use crate::socket::Socket;
use crate::world::{now, rng, said, scope};

const RETRY_MS_MIN: u32 = 500;
const RETRY_MS_MAX: u32 = 30_000;
const TICK_MS: u32 = 1_000;

type Tell = Rc<dyn Fn(Notice)>;

/// Shared by the callbacks of sockets and timers; all on one thread.
#[derive(Clone)]
pub(crate) struct Lead(Rc<Inner>);

struct Inner {
    desk: RefCell<Desk<RedbStore>>,
    disk: Disk,
    sockets: RefCell<BTreeMap<WorkspaceId, Socket>>,
    retries: RefCell<BTreeMap<WorkspaceId, Timeout>>,
    tell: Tell,
}

impl Lead {
    /// Opens files, store and desk.
    pub(crate) async fn open(tell: Tell) -> Result<Self, Fault> {
        let disk = Disk::open().await.map_err(|e| no_storage(&e))?;
        let handle = disk.store().await.map_err(|e| no_storage(&e))?;
        let store = RedbStore::open_on(handle, "this browser's storage").map_err(|e| Fault {
            what: format!("the store in this browser does not open: {e}"),
            hint: "what was sent is safe with the others: join again by a link in another browser profile"
                .into(),
        })?;
        disk.store_is_whole().await.map_err(|e| no_storage(&e))?;
        let blobs = disk.list().await.map_err(|e| no_storage(&e))?;
        let desk = Desk::open(store, blobs, &origin(), rng(), now()).map_err(Fault::from)?;
        let lead = Self(Rc::new(Inner {
            desk: RefCell::new(desk),
            disk,
            sockets: RefCell::default(),
            retries: RefCell::default(),
            tell,
        }));
        lead.obey();
        lead.tick();
        Ok(lead)
    }

    /// Answers an ask; a file's bytes come beside the reply.
    pub(crate) async fn answer(&self, ask: Ask) -> (Reply, Option<Uint8Array>) {
        if let Ask::File { workspace, asset, content } = &ask {
            return self.file(workspace, asset, content).await;
        }
        let reply = self.0.desk.borrow_mut().handle(now(), ask);
        self.obey();
        (reply, None)
    }

    async fn file(&self, workspace: &str, asset: &str, content: &str) -> (Reply, Option<Uint8Array>) {
        let recipe = self.0.desk.borrow_mut().recipe(workspace, asset, content);
        let recipe = match recipe {
            Ok(recipe) => recipe,
            Err(error) => return (Reply::Fault(error.into()), None),
        };
        let mut bytes = match self.0.disk.read(recipe.blob).await {
            Ok(bytes) => bytes,
            Err(error) => return (Reply::Fault(no_storage(&error)), None),
        };
        if let Err(error) = recipe.open(&mut bytes) {
            self.0.desk.borrow_mut().blob_lost(recipe.blob);
            // It is fetched again whether or not the torn file goes away now.
            let _gone = self.0.disk.drop_blob(recipe.blob).await;
            return (Reply::Fault(error.into()), None);
        }
        (Reply::File { media_type: recipe.media_type }, Some(Uint8Array::from(bytes.as_slice())))
    }

    fn tick(&self) {
        let lead = self.clone();
        gloo_timers::callback::Interval::new(TICK_MS, move || {
            lead.0.desk.borrow_mut().on_tick(now());
            lead.obey();
        })
        .forget();
    }

    fn on_socket(&self, workspace: WorkspaceId, event: SocketEvent) {
        let down = matches!(event, SocketEvent::Down);
        if down {
            self.0.sockets.borrow_mut().remove(&workspace);
        }
        self.0.desk.borrow_mut().on_socket(now(), workspace, event);
        self.obey();
    }

    /// Does what the desk asks for.
    fn obey(&self) {
        loop {
            let order = self.0.desk.borrow_mut().poll();
            match order {
                None => return,
                Some(Order::Connect { workspace, url, attempts }) => {
                    self.connect_later(workspace, url, attempts)
                }
                Some(Order::Send { workspace, frame }) => {
                    if let Some(socket) = self.0.sockets.borrow().get(&workspace) {
                        socket.send(&frame);
                    }
                }
                Some(Order::Hangup { workspace }) => {
                    if self.0.sockets.borrow_mut().remove(&workspace).is_some() {
                        self.0.desk.borrow_mut().on_socket(now(), workspace, SocketEvent::Down);
                    }
                }
                Some(Order::Keep { workspace, blob, bytes }) => self.keep(workspace, blob, bytes),
                Some(Order::Tell(notice)) => (self.0.tell)(notice),
            }
        }
    }

    /// Waits longer after more failures, and never all at once.
    fn connect_later(&self, workspace: WorkspaceId, url: String, attempts: u32) {
        let lead = self.clone();
        let wait = match attempts {
            0 => 0,
            n => {
                let most = RETRY_MS_MIN.saturating_mul(1 << n.min(6)).min(RETRY_MS_MAX);
                most / 2 + rng().next_u32() % (most / 2)
            }
        };
        let retry = Timeout::new(wait, move || {
            let teller = lead.clone();
            let opened = Socket::open(&url, move |event| {
                // A frame may ask for a hang-up, which drops this very socket: not while it calls us.
                let (teller, event) = (teller.clone(), event);
                spawn_local(async move { teller.on_socket(workspace, event) });
            });
            match opened {
                Ok(socket) => {
                    lead.0.sockets.borrow_mut().insert(workspace, socket);
                }
                Err(_) => lead.on_socket(workspace, SocketEvent::Down),
            }
        });
        self.0.retries.borrow_mut().insert(workspace, retry);
    }

    fn keep(&self, workspace: WorkspaceId, blob: BlobHash, bytes: Vec<u8>) {
        let lead = self.clone();
        spawn_local(async move {
            match lead.0.disk.keep(blob, &bytes).await {
                Ok(()) => {
                    lead.0.desk.borrow_mut().blob_kept(now(), workspace, blob);
                    lead.obey();
                }
                Err(error) => (lead.0.tell)(Notice::Ready { fault: Some(no_storage(&error)) }),
            }
        });
    }
}

/// The relay that served this page, as a socket address.
fn origin() -> String {
    let location = scope().location();
    let scheme = if location.protocol() == "https:" { "wss" } else { "ws" };
    format!("{scheme}://{}", location.host())
}

fn no_storage(error: &JsValue) -> Fault {
    Fault {
        what: format!("this browser does not let the page store anything: {}", said(error)),
        hint: "allow storage for this site, leave private browsing, or free some space; nothing was lost"
            .into(),
    }
}
