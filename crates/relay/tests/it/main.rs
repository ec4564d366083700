//! A relay, and people around it, without a network.

mod blobs;
mod entries;
mod limits;
mod membership;
mod world;
