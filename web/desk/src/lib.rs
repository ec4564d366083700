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
mod ceremony;
mod desk;
mod export;
mod fault;
mod files;
mod forms;
mod identity;
mod kept;
mod line;
mod order;
mod outgoing;
mod own;
mod pairs;
mod people;
mod place;
mod receipts;
mod requests;
mod screens;
mod seat;
mod shelf;
#[cfg(test)]
mod tests;
mod trail;
mod uploads;

pub use desk::{Desk, SocketEvent};
pub use export::Bundle;
pub use fault::DeskError;
pub use files::{FETCHED_BYTES_MAX, Piece, Recipe, Shelf};
pub use identity::{Identity, IdentityError};
pub use order::Order;
pub use uploads::Flow;
