//! The public face of the crate, under test.

#![allow(clippy::unwrap_used)]

mod anchors;
mod designs;
mod films;
mod pages;
mod pairs;
mod pictures;
#[path = "../../../pictures/tests/suite/psd.rs"]
mod psd;
mod texts;
