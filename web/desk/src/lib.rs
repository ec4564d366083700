//! The browser's peer, without the browser.
//!
//! ```text
//! page --Ask--> Desk --Reply--> page
//! socket --frame--> Desk --Order--> socket, files, pages
//! ```
//!
//! A [`Desk`] owns the store, the person's keys and a replica per workspace. It is
//! fed asks and socket events, and drained of [`Order`]s. It reads no clock and
//! touches no browser: the same code runs in a worker and in a test.

mod asks;
mod desk;
mod fault;
mod files;
mod identity;
mod line;
mod place;
mod screens;

pub use desk::{Desk, Order, SocketEvent};
pub use fault::DeskError;
pub use files::{FILE_BYTES_MAX, Recipe};
pub use identity::{Identity, IdentityError};
