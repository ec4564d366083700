//! One connection, one workspace, one peer.
//!
//! ```text
//! server  AwaitOpen ------Open----> AwaitAdmission --Admit--> Running
//! client  AwaitGreeting --Greeting-> AwaitWelcome --Welcome-> Running
//! ```
//!
//! A client that was removed is shown the entries of the membership log that say so, then refused.

use std::collections::VecDeque;

use bytes::Bytes;
use proofroom_ident::{DocId, InviteId, Millis, Signature, SignerKey, SigningSecret, WorkspaceId};
use proofroom_store::Store;
use rand_core::CryptoRng;

use crate::fault::Fault;
use crate::limits::{Limits, PROTOCOL};
use crate::message::{Challenge, Greeting, Message, Open};
use crate::parting;
use crate::{Audiences, Code, Event, Input, Output};

mod opening;
mod running;
mod snapshots;

use running::Running;

/// Signs for an invite's capability: domain and message in, signature out.
pub type InviteSigner = Box<dyn Fn(&str, &[u8]) -> Signature + Send>;

/// What a client brings to a session.
pub struct ClientConfig {
    /// This device.
    pub device: SigningSecret,
    /// The workspace to exchange.
    pub workspace: WorkspaceId,
    /// The capability of an invite, as long as the other side may not know this device as a member's.
    pub invite: Option<(InviteId, InviteSigner)>,
    /// What this side is ready to exchange with the server. A relay, which reads nothing, may carry all.
    pub offers: Audiences,
    /// Documents to fetch first.
    pub prefer: Vec<DocId>,
    /// The only server key to accept.
    pub expect: Option<SignerKey>,
    /// Bytes that both ends know of the connection; empty where there are none.
    pub channel: Vec<u8>,
    /// What is accepted from the peer.
    pub limits: Limits,
}

/// What a server brings to a session.
#[derive(Clone)]
pub struct ServerConfig {
    /// This server's device.
    pub device: SigningSecret,
    /// Bytes that both ends know of the connection; empty where there are none.
    pub channel: Vec<u8>,
    /// What is accepted from the peer.
    pub limits: Limits,
}

enum Phase {
    AwaitGreeting(Box<(ClientConfig, Challenge)>),
    AwaitWelcome(Box<opening::Asked>),
    AwaitOpen(Box<(ServerConfig, Greeting)>),
    AwaitAdmission(Box<(ServerConfig, Greeting, Open)>),
    Running(Box<Running>),
    Closed,
}

/// The machine of one connection. Feed it with [`Session::handle`], drain it with [`Session::poll`].
pub struct Session {
    phase: Phase,
    limits: Limits,
    outputs: VecDeque<Output>,
    started: Option<Millis>,
}

impl Session {
    /// The side that connected.
    pub fn client(config: ClientConfig, rng: &mut impl CryptoRng) -> Self {
        let limits = config.limits;
        Self::begin(Phase::AwaitGreeting(Box::new((config, challenge(rng)))), limits)
    }

    /// The side that was connected to; its greeting is ready to be sent.
    pub fn server(config: ServerConfig, rng: &mut impl CryptoRng) -> Self {
        let greeting = Greeting { proto: PROTOCOL, nonce: challenge(rng), device: config.device.public() };
        let limits = config.limits;
        let mut session = Self::begin(Phase::AwaitOpen(Box::new((config, greeting))), limits);
        session.send(Message::Greeting(greeting));
        session
    }

    fn begin(phase: Phase, limits: Limits) -> Self {
        Self { phase, limits, outputs: VecDeque::new(), started: None }
    }

    /// Takes one input. `store` is only read. Drain [`Session::poll`] afterwards.
    pub fn handle(&mut self, now: Millis, input: Input, store: &dyn Store) {
        self.started.get_or_insert(now);
        if let Err(fault) = self.step(now, input, store) {
            self.close(fault);
        }
    }

    /// The next thing that the driver has to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether both sides have what the other had when the session began, and all since is confirmed.
    pub fn is_in_sync(&self) -> bool {
        matches!(&self.phase, Phase::Running(r) if r.is_in_sync())
    }

    fn step(&mut self, now: Millis, input: Input, store: &dyn Store) -> Result<(), Fault> {
        match input {
            Input::Frame(_) if self.is_closed() => Ok(()),
            Input::Frame(frame) => self.on_frame(now, &frame, store),
            Input::Refuse { code, text } if !self.is_closed() => Err(Fault { code, text }),
            Input::Part { entries, text } if !self.is_closed() => {
                parting::frames(entries).into_iter().for_each(|frame| self.send(frame));
                Err(Fault { code: Code::Removed, text })
            }
            Input::Admit { reads, may_write } if matches!(self.phase, Phase::AwaitAdmission(_)) => {
                self.welcome(now, reads, may_write, store)
            }
            Input::Tick if self.is_late(now) => Err(Fault::new(Code::Timeout, "the handshake took too long")),
            Input::Heard(live) if matches!(self.phase, Phase::AwaitWelcome(_)) => {
                self.step(now, Input::Stored(live), store)
            }
            Input::Stored(live) => match &mut self.phase {
                Phase::AwaitWelcome(asked) => asked.note(&live, &self.limits),
                _ => self.run(now, Input::Stored(live), store),
            },
            input => self.run(now, input, store),
        }
    }

    fn is_late(&self, now: Millis) -> bool {
        let waited = now.0.saturating_sub(self.started.unwrap_or(now).0);
        !matches!(self.phase, Phase::Running(_) | Phase::Closed) && waited > self.limits.handshake_ms_max
    }

    /// Inputs that only concern a running session; before and after it they mean nothing.
    fn run(&mut self, now: Millis, input: Input, store: &dyn Store) -> Result<(), Fault> {
        match &mut self.phase {
            Phase::Running(running) => running.handle(now, input, store, &self.limits, &mut self.outputs),
            _ => Ok(()),
        }
    }

    fn on_frame(&mut self, now: Millis, frame: &Bytes, store: &dyn Store) -> Result<(), Fault> {
        let message = Message::decode(frame)?;
        if let Message::Refuse { code, text } = message {
            self.leave(code, text);
            return Ok(());
        }
        match (std::mem::replace(&mut self.phase, Phase::Closed), message) {
            (Phase::Running(mut running), message) => {
                let done = running.on_message(now, message, store, &self.limits, &mut self.outputs);
                self.phase = Phase::Running(running);
                done
            }
            (Phase::AwaitGreeting(start), Message::Greeting(greeting)) => self.open(*start, greeting, store),
            (Phase::AwaitWelcome(asked), Message::Welcome(welcome)) => {
                self.enter(now, *asked, &welcome, store)
            }
            (Phase::AwaitWelcome(mut asked), Message::Entries(entries)) => {
                let shown = asked.on_parting(entries, &self.limits)?;
                self.phase = Phase::AwaitWelcome(asked);
                self.outputs.push_back(Output::Ingest(shown));
                Ok(())
            }
            (Phase::AwaitOpen(start), Message::Open(open)) => self.judge(*start, *open),
            (phase, _) => {
                self.phase = phase;
                Err(Fault::message("a message that does not belong here"))
            }
        }
    }

    fn send(&mut self, message: Message) {
        self.outputs.push_back(Output::Send(message.encode()));
    }

    /// Ends the session from this side.
    fn close(&mut self, fault: Fault) {
        self.send(Message::Refuse { code: fault.code, text: fault.text.clone() });
        self.phase = Phase::Closed;
        self.outputs.push_back(Output::Close { code: fault.code, text: fault.text });
    }

    /// The peer ended the session.
    fn leave(&mut self, code: Code, text: String) {
        self.phase = Phase::Closed;
        self.outputs.push_back(Output::Event(Event::Refused { code, text: text.clone() }));
        self.outputs.push_back(Output::Close { code, text });
    }
}

fn challenge(rng: &mut impl CryptoRng) -> Challenge {
    let mut out = [0; 32];
    rng.fill_bytes(&mut out);
    out
}
