//! The relay's shell: sockets, disk, metrics.
