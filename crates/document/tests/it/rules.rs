//! Every rule of vetting, each with a change that breaks it and nothing else.

mod assets;
mod graph;
mod policy;
mod references;
mod shape;
mod shelves;
