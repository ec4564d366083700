//! Entries as bytes, as proof and as a chain.

mod chain;
mod form;
mod held;
mod snapshots;
mod tampering;
mod vectors;
mod world;
mod writing;
