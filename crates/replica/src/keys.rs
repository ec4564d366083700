//! Epoch keys: opening the wraps meant for me, and keeping the newest epoch's
//! recipients equal to the present readers.
//!
//! A new reader is given the newest keys (`ShareKey`); older ones follow from
//! them, because every epoch carries its predecessors' keys sealed under its
//! own. When somebody may no longer read, the next writer makes a new epoch.

use std::collections::BTreeSet;

use proofroom_authority::{Epoch, Linked, Op, Wrapped};
use proofroom_ident::{Audience, KexPublic, KexSecret, KeyId, Millis};
use proofroom_seal::{EpochKey, InviteSecret, WrapInfo};

use crate::error::ReplicaError;
use crate::open::{Replica, Step};

impl Replica {
    /// Opens every wrap that one of my secrets opens, then every older key behind them.
    pub(crate) fn load_keys(&mut self) {
        let secrets = self.my_secrets();
        for audience in Audience::ALL {
            for epoch in self.authority.state().epochs(audience) {
                if self.keyring.get(&epoch.key).is_some() {
                    continue;
                }
                let info = self.wrap_info(audience, epoch.key);
                let opened = secrets.iter().find_map(|secret| {
                    epoch.wraps_for(secret.public()).find_map(|w| {
                        let key = proofroom_seal::unwrap(secret, &w.enc, &w.sealed, &info).ok()?;
                        (key.id() == epoch.key).then_some(key)
                    })
                });
                if let Some(key) = opened {
                    self.keyring.insert(key);
                }
            }
            self.follow_links(audience);
        }
    }

    /// Newest first: each key opens the ones before it.
    fn follow_links(&mut self, audience: Audience) {
        loop {
            let mut found = Vec::new();
            for epoch in self.authority.state().epochs(audience) {
                let Some(newer) = self.keyring.get(&epoch.key) else { continue };
                for link in epoch.previous.iter().filter(|l| self.keyring.get(&l.key).is_none()) {
                    let info = self.wrap_info(audience, link.key);
                    if let Ok(key) = proofroom_seal::unlink(newer, &link.nonce, &link.sealed, &info) {
                        found.push(key);
                    }
                }
            }
            if found.is_empty() {
                return;
            }
            for key in found {
                self.keyring.insert(key);
            }
        }
    }

    fn my_secrets(&self) -> Vec<KexSecret> {
        let mut secrets = vec![self.me.secrets.kex.clone()];
        secrets.extend(self.me.recovery_secret.clone());
        secrets.extend(self.joining.as_ref().map(|link| link.secret.kex()));
        secrets.extend(self.came_by.as_ref().map(InviteSecret::kex));
        secrets
    }

    fn wrap_info(&self, audience: Audience, key: KeyId) -> WrapInfo {
        WrapInfo { workspace: self.workspace, audience, key }
    }

    /// The key to write under: the newest epoch's.
    pub(crate) fn write_key(&self, audience: Audience) -> Result<&EpochKey, ReplicaError> {
        let newest = self.authority.state().newest(audience).ok_or(ReplicaError::NoKey(audience))?;
        self.keyring.get(&newest.key).ok_or(ReplicaError::NoKey(audience))
    }

    /// Rotates or shares keys until the newest epoch's recipients are the present readers.
    pub(crate) fn ensure_keys(&mut self, step: &mut Step<'_>) -> Result<(), ReplicaError> {
        let role = self.my_role()?;
        for audience in Audience::ALL.into_iter().filter(|a| role.reads(*a)) {
            let readers = self.readers(audience, step.now);
            let newest = self.authority.state().newest(audience);
            let newest = newest.and_then(|epoch| {
                let turnover = self.authority.state().turnover(epoch, step.now);
                let key = self.keyring.get(&epoch.key)?.clone();
                turnover.strangers.is_empty().then(|| (key, turnover.missing.into_iter().collect::<Vec<_>>()))
            });
            match newest {
                // Somebody would not read what was written under the others: join them all.
                Some((key, _)) if self.has_loose_epochs(audience, &key, step.now) => {
                    self.rotate(step, audience, &readers)?;
                }
                Some((_, missing)) if missing.is_empty() => {}
                Some((key, missing)) => self.share(step, audience, &key, &missing)?,
                None => self.rotate(step, audience, &readers)?,
            }
        }
        Ok(())
    }

    /// Whether there are keys of concurrent rotations that the newest one does not open, and
    /// that some of the present readers were never given.
    fn has_loose_epochs(&self, audience: Audience, newest: &EpochKey, now: Millis) -> bool {
        let state = self.authority.state();
        let closed = |epoch: &Epoch| !state.turnover(epoch, now).missing.is_empty();
        let loose = state.unlinked_epochs(audience).into_iter().filter(|epoch| epoch.key != newest.id());
        loose.into_iter().any(|epoch| self.keyring.get(&epoch.key).is_some() && closed(epoch))
    }

    fn share(
        &mut self,
        step: &mut Step<'_>,
        audience: Audience,
        key: &EpochKey,
        to: &[KexPublic],
    ) -> Result<(), ReplicaError> {
        let wraps = self.wraps(step, audience, key, to)?;
        self.append_op(step, &Op::ShareKey { audience, key: key.id(), wraps: wraps.into() })?;
        Ok(())
    }

    fn rotate(
        &mut self,
        step: &mut Step<'_>,
        audience: Audience,
        readers: &BTreeSet<KexPublic>,
    ) -> Result<(), ReplicaError> {
        let mut rng = &mut *step.rng;
        let key = EpochKey::generate(&mut rng);
        let to: Vec<KexPublic> = readers.iter().copied().collect();
        let wraps = self.wraps(step, audience, &key, &to)?;
        let mut previous = Vec::new();
        for epoch in self.authority.state().unlinked_epochs(audience) {
            if let Some(older) = self.keyring.get(&epoch.key) {
                let info = self.wrap_info(audience, epoch.key);
                let mut rng = &mut *step.rng;
                let link = proofroom_seal::link(&key, older, &info, &mut rng)?;
                previous.push(Linked { key: epoch.key, nonce: link.nonce, sealed: link.sealed });
            }
        }
        self.append_op(
            step,
            &Op::RotateKey { audience, key: key.id(), wraps: wraps.into(), previous: previous.into() },
        )?;
        self.keyring.insert(key);
        Ok(())
    }

    fn wraps(
        &self,
        step: &mut Step<'_>,
        audience: Audience,
        key: &EpochKey,
        to: &[KexPublic],
    ) -> Result<Vec<Wrapped>, ReplicaError> {
        let info = self.wrap_info(audience, key.id());
        to.iter()
            .map(|to| {
                let mut rng = &mut *step.rng;
                let wrap = proofroom_seal::wrap(key, to, &info, &mut rng)?;
                Ok(Wrapped { to: *to, enc: wrap.enc, sealed: wrap.sealed })
            })
            .collect()
    }
}
