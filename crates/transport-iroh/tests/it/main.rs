//! Real endpoints on loopback addresses.

mod links;
