//! Documents through their public door, with honest peers and with mallory.

#![allow(clippy::unwrap_used)]

mod chunks;
mod converge;
mod erasing;
mod forge;
mod mutation;
mod recording;
mod resting;
mod rules;
mod views;
mod world;
