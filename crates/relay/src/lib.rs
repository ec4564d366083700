//! The relay's machine: stores and forwards what it cannot read.
