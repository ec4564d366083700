//! The membership, told as stories between ada, bo, cy and mallory.

pub mod accounting;
mod attest;
mod devices;
mod invites;
mod keys;
mod log;
pub mod orders;
mod removals;
mod roles;
mod world;
