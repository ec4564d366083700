//! The handshake's steps, up to a running session.

use bytes::Bytes;
use proofroom_entry::Signed;
use proofroom_ident::{Millis, Signature};
use proofroom_store::Store;

use super::{ClientConfig, Phase, Running, ServerConfig, Session};
use crate::compare::summarise;
use crate::fault::Fault;
use crate::handshake::{check_open, check_version, check_welcome, sign_open, sign_welcome};
use crate::limits::{Limits, PREFERRED_MAX, PROTOCOL};
use crate::message::{Challenge, Greeting, Message, Open, Summary, Welcome};
use crate::outbox::Outbox;
use crate::parting::Parting;
use crate::session::running::Terms;
use crate::{Audiences, Code, Live, Output};

/// A client that said who it is and waits for the answer.
pub(super) struct Asked {
    config: ClientConfig,
    greeting: Greeting,
    open: Open,
    /// What became durable here meanwhile.
    outbox: Outbox,
    parting: Parting,
}

impl Asked {
    pub fn note(&mut self, live: &Live, limits: &Limits) -> Result<(), Fault> {
        self.outbox.note(live, limits)
    }

    /// What shows that this device was removed.
    pub fn on_parting(&mut self, entries: Vec<Bytes>, limits: &Limits) -> Result<Vec<Signed>, Fault> {
        self.parting.on_entries(entries, self.config.workspace, limits)
    }
}

impl Session {
    /// Client: the server greeted; say who this is.
    pub(super) fn open(
        &mut self,
        (config, nonce): (ClientConfig, Challenge),
        greeting: Greeting,
        store: &dyn Store,
    ) -> Result<(), Fault> {
        check_version(greeting.proto)?;
        if let Some(expected) = config.expect.filter(|key| *key != greeting.device) {
            let text = format!("the server's key is {:?}, {expected:?} was expected", greeting.device);
            return Err(Fault::new(Code::WrongPeer, text));
        }
        let summary = summarise(&store.docs(config.workspace)?, config.offers);
        let open = Open {
            proto: PROTOCOL,
            nonce,
            device: config.device.public(),
            workspace: config.workspace,
            offers: config.offers,
            invite: None,
            summary,
            prefer: config.prefer.iter().take(PREFERRED_MAX).copied().collect(),
            proof: Signature::ZERO,
        };
        let open = sign_open(&greeting, open, &config.channel, &config.device, config.invite.as_ref());
        self.send(Message::Open(Box::new(open.clone())));
        let (outbox, parting) = Default::default();
        self.phase = Phase::AwaitWelcome(Box::new(Asked { config, greeting, open, outbox, parting }));
        Ok(())
    }

    /// Server: check who the client is, then ask whether it may come in.
    pub(super) fn judge(
        &mut self,
        (config, greeting): (ServerConfig, Greeting),
        open: Open,
    ) -> Result<(), Fault> {
        check_open(&greeting, &open, &config.channel)?;
        self.outputs.push_back(Output::PeerProved {
            device: open.device,
            workspace: open.workspace,
            invite: open.invite.map(|(id, _)| id),
        });
        self.phase = Phase::AwaitAdmission(Box::new((config, greeting, open)));
        Ok(())
    }

    /// Server: the client is let in.
    pub(super) fn welcome(
        &mut self,
        now: Millis,
        reads: Audiences,
        may_write: bool,
        store: &dyn Store,
    ) -> Result<(), Fault> {
        let Phase::AwaitAdmission(waiting) = std::mem::replace(&mut self.phase, Phase::Closed) else {
            return Ok(());
        };
        let (config, greeting, open) = *waiting;
        let reads = reads.and(open.offers);
        let summary = summarise(&store.docs(open.workspace)?, reads);
        let welcome = Welcome { reads, may_write, summary, proof: Signature::ZERO };
        let welcome = sign_welcome(&greeting, &open, &config.channel, welcome, &config.device);
        self.send(Message::Welcome(welcome));
        let terms = Terms {
            workspace: open.workspace,
            peer: open.device,
            reads,
            takes: may_write,
            sends: true,
            eager_acks: true,
        };
        let mut outbox = Outbox::default();
        outbox.prefer(open.prefer);
        self.start(now, terms, outbox, [&summary, &open.summary], store)
    }

    /// Client: the server let this side in.
    pub(super) fn enter(
        &mut self,
        now: Millis,
        asked: Asked,
        welcome: &Welcome,
        store: &dyn Store,
    ) -> Result<(), Fault> {
        let Asked { config, greeting, open, outbox, .. } = asked;
        check_welcome(&greeting, &open, &config.channel, welcome)?;
        if !config.offers.covers(welcome.reads) {
            return Err(Fault::message("the server wants more than was offered"));
        }
        let terms = Terms {
            workspace: config.workspace,
            peer: greeting.device,
            reads: welcome.reads,
            takes: true,
            sends: welcome.may_write,
            eager_acks: false,
        };
        self.start(now, terms, outbox, [&open.summary, &welcome.summary], store)
    }

    fn start(
        &mut self,
        now: Millis,
        terms: Terms,
        outbox: Outbox,
        summaries: [&Summary; 2],
        store: &dyn Store,
    ) -> Result<(), Fault> {
        let running = Running::begin(now, terms, outbox, summaries, store, &mut self.outputs)?;
        self.phase = Phase::Running(Box::new(running));
        Ok(())
    }
}
