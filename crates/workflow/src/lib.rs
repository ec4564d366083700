//! Decisions become outcomes: a pure fold.
