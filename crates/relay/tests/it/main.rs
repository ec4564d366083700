//! A relay, and people around it, without a network.

mod blobs;
mod disk;
mod entries;
mod erasing;
mod hostile;
mod limits;
mod membership;
mod peer;
mod pieces;
mod snapshots;
mod witness;
mod world;
