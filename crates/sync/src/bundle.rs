//! Bundle files.
