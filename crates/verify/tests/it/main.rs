//! What a certificate proves, and everything that it must not prove.

mod erased;
mod golden;
mod mutations;
mod vectors;
mod whole;
mod world;
