//! The courier: carries what is due, a few at a time, and notes what came of it.

use std::collections::BTreeSet;
use std::path::Path;

use tokio::task::JoinSet;

use crate::message::{Message, Way};
use crate::outbox::{Delivery, Outbox, OutboxError};
use crate::settings::Settings;
use crate::{mail, program, webhook};

/// How many deliveries are on their way at once.
const UNDERWAY_MAX: usize = 4;

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived, as far as the other side says.
    Delivered,
    /// It did not, and another attempt may help.
    Later(String),
    /// It did not, and no attempt will.
    Never(String),
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// The delivery, as it was.
    pub delivery: Delivery,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether it was given up.
    pub given_up: bool,
}

/// Settings, outbox, and what is on its way.
#[derive(Debug)]
pub struct Courier {
    settings: Settings,
    outbox: Outbox,
    client: reqwest::Client,
    underway: JoinSet<(Delivery, Verdict)>,
    names: BTreeSet<String>,
}

impl Courier {
    /// A courier for the outbox of a directory.
    ///
    /// # Errors
    /// When the outbox cannot be opened.
    pub fn open(dir: &Path, settings: Settings) -> Result<Self, OutboxError> {
        let outbox = Outbox::open(dir)?;
        let client = webhook::client().map_err(|e| OutboxError::Io {
            verb: "prepare TLS for",
            path: dir.to_owned(),
            error: std::io::Error::other(e),
        })?;
        Ok(Self { settings, outbox, client, underway: JoinSet::new(), names: BTreeSet::new() })
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The outbox.
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The outbox, to hand over or retry.
    pub const fn outbox_mut(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Uses other settings from now on; what is on its way goes on under the old ones.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Sets out with what is due, as far as hands reach. Must be called within a runtime.
    pub fn start(&mut self, now_ms: u64) {
        let free = UNDERWAY_MAX.saturating_sub(self.underway.len());
        let due = self.outbox.due(now_ms).filter(|d| !self.names.contains(&d.id));
        let due: Vec<Delivery> = due.take(free).cloned().collect();
        for delivery in due {
            self.names.insert(delivery.id.clone());
            let (settings, client) = (self.settings.clone(), self.client.clone());
            self.underway.spawn(async move {
                let verdict =
                    carry(&settings, &client, &delivery.way, &delivery.id, &delivery.message, now_ms).await;
                (delivery, verdict)
            });
        }
    }

    /// Whether anything is on its way.
    pub fn is_busy(&self) -> bool {
        !self.underway.is_empty()
    }

    /// The next attempt that is over; waits without end while nothing is on its way.
    pub async fn next(&mut self) -> (Delivery, Verdict) {
        loop {
            match self.underway.join_next().await {
                Some(Ok(over)) => return over,
                // A delivery that panicked is tried again after a restart.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Notes what an attempt came to.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub fn note(
        &mut self,
        (delivery, verdict): (Delivery, Verdict),
        now_ms: u64,
    ) -> Result<Sent, OutboxError> {
        self.names.remove(&delivery.id);
        let given_up = match &verdict {
            Verdict::Delivered => {
                self.outbox.arrived(&delivery.id, now_ms)?;
                false
            }
            Verdict::Later(why) => self.outbox.failed(&delivery.id, why, false, now_ms)?,
            Verdict::Never(why) => self.outbox.failed(&delivery.id, why, true, now_ms)?,
        };
        Ok(Sent { delivery, verdict, given_up })
    }

    /// Carries all that is due once, and says what came of it.
    ///
    /// # Errors
    /// When an outcome cannot be made durable.
    pub async fn carry_due(&mut self, now_ms: u64) -> Result<Vec<Sent>, OutboxError> {
        let mut sent = Vec::new();
        loop {
            self.start(now_ms);
            if !self.is_busy() {
                return Ok(sent);
            }
            let over = self.next().await;
            sent.push(self.note(over, now_ms)?);
        }
    }

    /// Carries a message on one way at once, past the outbox: to try a way out.
    pub async fn try_out(&self, way: &Way, message: &Message, now_ms: u64) -> Verdict {
        carry(&self.settings, &self.client, way, &format!("{now_ms:014}-test"), message, now_ms).await
    }
}

async fn carry(
    settings: &Settings,
    client: &reqwest::Client,
    way: &Way,
    id: &str,
    message: &Message,
    now_ms: u64,
) -> Verdict {
    let gone = || Verdict::Never(format!("{way} is not in the settings any more"));
    match way {
        Way::Mail(to) => match &settings.mail {
            Some(mail) => mail::send(mail, id, to, message).await,
            None => gone(),
        },
        Way::Webhook(name) => match settings.webhook.iter().find(|w| w.name == *name) {
            Some(hook) => webhook::post(client, hook, id, message, now_ms).await,
            None => gone(),
        },
        Way::Program(name) => match settings.program.iter().find(|p| p.name == *name) {
            Some(program) => program::run(program, message).await,
            None => gone(),
        },
    }
}
