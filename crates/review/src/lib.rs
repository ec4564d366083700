//! The words of creative review as plain values.
