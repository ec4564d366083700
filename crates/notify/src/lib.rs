//! Notifiers: how a reminder leaves this machine.
//!
//! Shell storey. What is to be said, to whom and when is decided elsewhere; here it
//! is written down, sent, tried again, and given up in the open.
//!
//! ```text
//! Message --hand_over--> outbox/ --Courier--> mail | webhook | program
//!                          |  ^                  |
//!                          |  +----- later ------+
//!                          +-- done/ (delivered) -- dead/ (given up: listed, retried by hand)
//! ```
//!
//! * A message is *handed over* once it is durable in the outbox. From then on it
//!   is sent until it arrives or is given up, across restarts. What one way has
//!   carried or is carrying is not handed to it again.
//! * [`Settings`] are a TOML file for its owner only. Secrets are never printed,
//!   not by `Debug` either.
//! * Nothing waits without end: attempts, files, sizes and times have limits.

mod courier;
mod mail;
mod message;
mod outbox;
mod program;
mod question;
mod secret;
mod settings;
pub mod webhook;

pub use courier::{Courier, Sent, Verdict};
pub use message::{Item, Message, Recipient, Way};
pub use outbox::{ATTEMPTS_MAX, DEAD_MAX, Delivery, OUTBOX_MAX, Outbox, OutboxError};
pub use question::ask;
pub use secret::Secret;
pub use settings::{
    Encryption, Exposed, MailSettings, MailTo, ProgramSettings, SETTINGS_EXAMPLE, Settings, SettingsError,
    WebhookSettings,
};
