//! Two sessions over a link that is stepped frame by frame.

mod blobs;
mod bundles;
mod convergence;
mod elsewhere;
mod hostile;
mod messages;
mod pair;
mod phases;
mod snapshots;
mod wire;
mod words;
