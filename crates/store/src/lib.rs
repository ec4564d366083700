//! The store contract and its conformance suite.
