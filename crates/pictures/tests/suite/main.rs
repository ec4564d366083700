//! The public face of the crate, under test.

#![allow(clippy::unwrap_used)]

mod designs;
mod pictures;
mod psd;
