//! Sealing, handing keys on, blobs and invites.

mod blobs;
mod handing_on;
mod payloads;
mod rest;
mod vectors;
mod world;
