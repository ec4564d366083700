//! Epoch keys, key wraps, and sealed payloads.
