//! The fold under test: stories, then properties against a reference model.

mod model;
mod properties;
mod stories;
mod world;
