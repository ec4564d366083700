//! A relay, and people around it, without a network.

mod blobs;
mod disk;
mod entries;
mod hostile;
mod limits;
mod membership;
mod snapshots;
mod world;
