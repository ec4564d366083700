//! Slices, and fetching in simulated time.

mod fetching;
mod slices;
