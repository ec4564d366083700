//! The native peer: command line, store, network.
