//! Whole peers through their public door: they write, hand each other entries,
//! and must come to the same views.

#![allow(clippy::unwrap_used)]

mod acts;
mod converge;
mod disk;
mod erasing;
mod forks;
mod intruder;
mod joining;
mod mallory;
mod removal;
mod residues;
mod resting;
mod roles;
mod screens;
mod snapshots;
mod twins;
mod world;
