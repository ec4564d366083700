//! The public face of the crate, under test.

mod designs;
mod pictures;
mod psd;
