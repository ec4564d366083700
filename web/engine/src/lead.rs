//! The leading tab's engine: the desk, its files and its sockets.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use gloo_timers::callback::Timeout;
use proofroom_blobs::Span;
use proofroom_ident::{BlobHash, WorkspaceId};
use proofroom_store_redb::RedbStore;
use proofroom_web_desk::{Desk, Order, SocketEvent};
use proofroom_web_wire::{Ask, Fault, Notice, OwnAct, Reply};
use rand_core::Rng as _;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use crate::disk::Disk;
use crate::media::{Name, Waiting};
use crate::slices::Slices;
use crate::socket::Socket;
use crate::world::{now, rng, said, scope};

const RETRY_MS_MIN: u32 = 500;
const RETRY_MS_MAX: u32 = 30_000;
const TICK_MS: u32 = 1_000;

type Tell = Rc<dyn Fn(Notice)>;

/// Shared by the callbacks of sockets and timers; all on one thread.
#[derive(Clone)]
pub(crate) struct Lead(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) desk: RefCell<Desk<RedbStore>>,
    pub(crate) disk: Disk,
    pub(crate) slices: Slices,
    writing: RefCell<VecDeque<Writing>>,
    waiting: Waiting,
    sockets: RefCell<BTreeMap<WorkspaceId, Socket>>,
    retries: RefCell<BTreeMap<WorkspaceId, Timeout>>,
    /// The tree of the blob that the relay asked for last.
    pub(crate) trees: RefCell<Option<(BlobHash, Vec<u8>)>>,
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
        let slices = Slices::new(disk.blobs());
        let shelf = slices.list().await.map_err(|e| no_storage(&e))?;
        let desk = Desk::open(store, shelf, &origin(), rng(), now()).map_err(Fault::from)?;
        let lead = Self(Rc::new(Inner {
            desk: RefCell::new(desk),
            disk,
            slices,
            writing: RefCell::default(),
            waiting: Waiting::default(),
            sockets: RefCell::default(),
            retries: RefCell::default(),
            trees: RefCell::default(),
            tell,
        }));
        lead.obey();
        lead.tick();
        Ok(lead)
    }

    /// Answers an ask; files come beside it, and a file's bytes beside the reply.
    pub(crate) async fn answer(&self, ask: Ask, files: JsValue) -> (Reply, JsValue) {
        match &ask {
            Ask::Piece { workspace, asset, content, offset, bytes } => {
                let (reply, bytes) = self.piece(Name { workspace, asset, content }, *offset, *bytes).await;
                return (reply, bytes.map_or(JsValue::UNDEFINED, JsValue::from));
            }
            Ask::Film { workspace, asset, content } => {
                return (self.film(Name { workspace, asset, content }).await, JsValue::UNDEFINED);
            }
            Ask::Tiles { workspace, asset, content } => {
                return (self.tiles(Name { workspace, asset, content }).await, JsValue::UNDEFINED);
            }
            Ask::Own(OwnAct::Export { workspace }) => return self.export(workspace).await,
            Ask::Upload { workspace, act } => {
                if let Err(fault) = self.upload(workspace, act, &files) {
                    return (Reply::Fault(fault), JsValue::UNDEFINED);
                }
            }
            _ => {}
        }
        let reply = self.0.desk.borrow_mut().handle(now(), ask);
        self.obey();
        (reply, JsValue::UNDEFINED)
    }

    pub(crate) fn desk(&self) -> &RefCell<Desk<RedbStore>> {
        &self.0.desk
    }

    pub(crate) fn slices(&self) -> &Slices {
        &self.0.slices
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.0.waiting
    }

    fn tick(&self) {
        let lead = self.clone();
        gloo_timers::callback::Interval::new(TICK_MS, move || {
            lead.0.desk.borrow_mut().on_tick(now());
            lead.obey();
            lead.0.waiting.wake();
            // Where it fails, the next write fails as well, and tells.
            let _flushed = lead.0.slices.flush();
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
        if down {
            self.0.waiting.wake();
        }
    }

    /// Does what the desk asks for.
    pub(crate) fn obey(&self) {
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
                Some(Order::Write { workspace, blob, total, span, bytes }) => {
                    self.write(Writing { workspace, blob, slice: Some((total, span, bytes)) });
                }
                Some(Order::Seal { workspace, blob }) => {
                    self.write(Writing { workspace, blob, slice: None });
                }
                Some(Order::Read { workspace, blob, span }) => self.read_slice(workspace, blob, span),
                Some(order @ (Order::Drop { .. } | Order::DropTree { .. } | Order::Discard { .. })) => {
                    self.clear(order);
                }
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

    /// Queues a write: one at a time, in order.
    fn write(&self, writing: Writing) {
        let mut queue = self.0.writing.borrow_mut();
        queue.push_back(writing);
        if queue.len() == 1 {
            let lead = self.clone();
            spawn_local(async move { lead.write_all().await });
        }
    }

    async fn write_all(&self) {
        loop {
            let Some(Writing { workspace, blob, slice }) = self.0.writing.borrow().front().cloned() else {
                return;
            };
            let done = match &slice {
                Some((total, span, bytes)) => self.0.slices.write(blob, *total, *span, bytes).await,
                None => self.0.slices.seal(blob).await,
            };
            match (done, slice) {
                (Ok(()), Some((total, span, _))) => {
                    self.0.desk.borrow_mut().slice_written(now(), workspace, blob, total, span);
                }
                (Ok(()), None) => self.0.desk.borrow_mut().blob_kept(now(), workspace, blob),
                (Err(error), _) => {
                    (self.0.tell)(Notice::Ready { fault: Some(no_storage(&error)) });
                }
            }
            self.obey();
            self.0.waiting.wake();
            // Only now: what was queued meanwhile found a queue at work.
            self.0.writing.borrow_mut().pop_front();
        }
    }
}

/// A slice that is to be written, or a blob that is to be sealed.
#[derive(Clone)]
struct Writing {
    workspace: WorkspaceId,
    blob: BlobHash,
    slice: Option<(u64, Span, Bytes)>,
}

/// The relay that served this page, as a socket address.
fn origin() -> String {
    let location = scope().location();
    let scheme = if location.protocol() == "https:" { "wss" } else { "ws" };
    format!("{scheme}://{}", location.host())
}

pub(crate) fn no_storage(error: &JsValue) -> Fault {
    Fault {
        what: format!("this browser does not let the page store anything: {}", said(error)),
        hint: "allow storage for this site, leave private browsing, or free some space; nothing was lost"
            .into(),
    }
}
