//! The checks that every backend passes.
