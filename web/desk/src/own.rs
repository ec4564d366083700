//! The person at this browser: passphrase, recovery phrase, devices.

use proofroom_ident::{DeviceSecrets, Millis, RecoveryPhrase, WorkspaceId};
use proofroom_replica::Membership;
use proofroom_replica::device_link::{Code, LinkApproval, LinkRequest, Locator};
use proofroom_store::{Batch, Store};
use proofroom_web_wire::{OwnAct, OwnReply, Reply};
use zeroize::Zeroizing;

use crate::desk::{Desk, parse};
use crate::fault::DeskError;
use crate::identity::{self, Held, Identity, Pending};

impl<S: Store> Desk<S> {
    pub(crate) fn own_act(&mut self, now: Millis, act: OwnAct) -> Result<Reply, DeskError> {
        let reply = match act {
            OwnAct::Passphrase { old, new } => {
                let identity = self.opened(&old)?;
                self.save(&identity, &new)?;
                self.who = Some(identity);
                OwnReply::Start(Box::new(self.start()?))
            }
            OwnAct::Phrase { passphrase } => {
                let identity = self.opened(&passphrase)?;
                let words =
                    identity.phrase.as_deref().map(|words| words.split(' ').map(str::to_owned).collect());
                OwnReply::Phrase { words: words.unwrap_or_default() }
            }
            OwnAct::PhraseKept { passphrase } => {
                let identity = Identity { phrase: None, restored: false, ..self.opened(&passphrase)? };
                self.save(&identity, &passphrase)?;
                self.who = Some(identity);
                OwnReply::Start(Box::new(self.start()?))
            }
            OwnAct::AskLink => {
                let request = self.ask_link(now)?;
                OwnReply::Code { code: request.to_text(), device: request.device().short() }
            }
            OwnAct::ReadLink { code } => {
                let request = requested(&code)?;
                OwnReply::Code { code, device: request.device().short() }
            }
            OwnAct::ApproveLink { code } => {
                let request = requested(&code)?;
                let approval = self.approve_link(now, &request)?;
                OwnReply::Code { code: approval.to_text(), device: request.device().short() }
            }
            OwnAct::TakeLink { code } => {
                self.take_link(now, &code)?;
                OwnReply::Start(Box::new(self.start()?))
            }
            OwnAct::Recover { words, name, organisation, locator } => {
                self.recover(now, &words, &name, &organisation, &locator)?;
                OwnReply::Start(Box::new(self.start()?))
            }
            OwnAct::Storage => OwnReply::Storage(self.stored()?),
            OwnAct::Keep { workspace, asset, keep } => {
                self.keep(now, parse(&workspace, "a workspace")?, parse(&asset, "an asset")?, keep)?;
                OwnReply::Storage(self.stored()?)
            }
            OwnAct::Library { workspace } => {
                OwnReply::Library(self.library(parse(&workspace, "a workspace")?)?)
            }
            // The browser writes the file: see `Desk::export`.
            OwnAct::Export { .. } => return Ok(Reply::Done),
        };
        Ok(Reply::Own(reply))
    }

    /// The keys, once the passphrase was given where there is one.
    fn opened(&self, passphrase: &str) -> Result<Identity, DeskError> {
        match (&self.sealed, &self.who) {
            (Some(sealed), _) => Ok(Identity::unseal(sealed, passphrase)?),
            (None, Some(identity)) => Ok(identity.clone()),
            (None, None) => Err(DeskError::Nobody),
        }
    }

    /// Makes the keys durable, under a passphrase unless that is empty.
    pub(crate) fn save(&mut self, identity: &Identity, passphrase: &str) -> Result<(), DeskError> {
        let bytes = identity.to_bytes(passphrase, &mut self.rng)?;
        let mut batch = Batch::default();
        batch.put(identity::KEY.to_vec(), bytes.clone());
        batch.delete(identity::PENDING.to_vec());
        self.store.commit(batch)?;
        self.sealed = match Identity::read(&bytes)? {
            Held::Sealed(sealed) => Some(sealed),
            Held::Open(_) => None,
        };
        Ok(())
    }

    /// Asking again gives the same code: the keys stay until they are linked.
    fn ask_link(&mut self, now: Millis) -> Result<LinkRequest, DeskError> {
        self.nobody_yet()?;
        if let Some((secrets, claimed_at)) = self.pending()? {
            return Ok(LinkRequest::new(&secrets, claimed_at));
        }
        let secrets = DeviceSecrets::generate(&mut self.rng);
        let bytes = Zeroizing::new(serde_json::to_vec(&Pending::of(&secrets, now)).unwrap_or_default());
        let mut batch = Batch::default();
        batch.put(identity::PENDING.to_vec(), bytes.to_vec());
        self.store.commit(batch)?;
        Ok(LinkRequest::new(&secrets, now))
    }

    fn pending(&self) -> Result<Option<(DeviceSecrets, Millis)>, DeskError> {
        let Some(bytes) = self.store.get(identity::PENDING)? else { return Ok(None) };
        let pending: Pending =
            crate::kept::read(&bytes).map_err(|e| crate::identity::IdentityError::Damaged(e.to_string()))?;
        Ok(Some(pending.secrets()?))
    }

    fn nobody_yet(&self) -> Result<(), DeskError> {
        match self.who.is_some() || self.sealed.is_some() {
            true => Err(DeskError::Exists),
            false => Ok(()),
        }
    }

    /// Vouches for a device, and lets it into every workspace.
    fn approve_link(&mut self, now: Millis, request: &LinkRequest) -> Result<LinkApproval, DeskError> {
        let me = self.me()?;
        let record = request.record_of(me.person()).vouched_by(&me.secrets.signing);
        let mut workspaces = Vec::new();
        for workspace in self.replicas.keys().copied().collect::<Vec<_>>() {
            let (store, replica) = self.replica(workspace)?;
            if !matches!(replica.membership(), Membership::Member(_)) {
                continue;
            }
            let members = replica.members(store)?;
            if !members.iter().flat_map(|m| &m.devices).any(|d| d.device == request.device()) {
                let record = record.clone();
                self.act(now, workspace, |replica, step| replica.add_device(step, record, me.recovery))?;
            }
            let relay = self.lines.get(&workspace).and_then(|line| line.relays.first().cloned());
            workspaces.push(Locator { workspace, relay: relay.unwrap_or_default() });
        }
        Ok(LinkApproval { record, recovery: me.recovery, profile: me.profile, workspaces })
    }

    /// The pending keys become a device of the person who approved them.
    fn take_link(&mut self, now: Millis, code: &str) -> Result<(), DeskError> {
        self.nobody_yet()?;
        let Code::Approval(approval) = code.parse::<Code>()? else {
            return Err(DeskError::malformed(code, "an approval: it is the code of a new device"));
        };
        let (secrets, _) = self.pending()?.ok_or(DeskError::NothingPending)?;
        approval.check(&secrets)?;
        let identity = Identity::of_link(secrets, &approval);
        self.save(&identity, "")?;
        for locator in &approval.workspaces {
            self.shelve(locator.workspace, vec![locator.relay.clone()])?;
        }
        self.enter(identity, now)
    }

    /// A person is back, by their phrase; the workspace is found by its locator or an invite link.
    fn recover(
        &mut self,
        now: Millis,
        words: &str,
        name: &str,
        organisation: &str,
        locator: &str,
    ) -> Result<(), DeskError> {
        self.nobody_yet()?;
        let phrase = RecoveryPhrase::parse(words)?;
        let found: Locator = locator.parse()?;
        let identity = Identity::of_phrase(&phrase, name, organisation, true, now, &mut self.rng)?;
        self.save(&identity, "")?;
        self.shelve(found.workspace, vec![found.relay])?;
        self.enter(identity, now)
    }

    /// Remembers which relays carry a workspace. Where the page came from is tried last: a relay may be
    /// there that the link knows by another name, or a program that serves pages only.
    pub(crate) fn shelve(
        &mut self,
        workspace: WorkspaceId,
        relays: Vec<String>,
    ) -> Result<Vec<String>, DeskError> {
        let mut relays: Vec<String> = relays.into_iter().filter(|relay| !relay.is_empty()).collect();
        if !self.origin.is_empty() && !relays.contains(&self.origin) {
            relays.push(self.origin.clone());
        }
        let mut batch = Batch::default();
        batch.put(crate::desk::shelf_key(workspace), crate::desk::shelf(&relays));
        self.store.commit(batch)?;
        Ok(relays)
    }

    /// The relays that an invite names: not the page's own address on this machine, which leads nowhere
    /// from another, unless there is no other.
    pub(crate) fn relays_for_others(&self, workspace: WorkspaceId) -> Vec<String> {
        let all = self.lines.get(&workspace).map(|line| line.relays.clone()).unwrap_or_default();
        let own = |relay: &String| *relay == self.origin && is_loopback(relay);
        let others: Vec<String> = all.iter().filter(|relay| !own(relay)).cloned().collect();
        if others.is_empty() { all } else { others }
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    ["127.", "localhost", "[::1]"].iter().any(|own| host.starts_with(own))
}

fn requested(code: &str) -> Result<LinkRequest, DeskError> {
    match code.parse::<Code>()? {
        Code::Request(request) => Ok(request),
        Code::Approval(_) => Err(DeskError::malformed(code, "the code of a new device: it is an approval")),
    }
}
