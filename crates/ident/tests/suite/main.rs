//! People, their devices, their phrases and what they may sign.

mod bytes;
mod devices;
mod ids;
mod phrases;
mod signing;
mod vaults;
mod vectors;
mod world;
