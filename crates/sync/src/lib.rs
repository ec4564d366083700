//! The session protocol between two peers, without IO.
