//! The store contract on redb.
