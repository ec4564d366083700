//! The ways out, against real servers on loopback and real programs.

mod post;
mod servers;
mod settings;
