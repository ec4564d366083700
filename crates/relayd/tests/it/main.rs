//! A relay on a loopback port, with real sockets and a real disk.

mod client;
mod files;
mod serving;
mod tls;
