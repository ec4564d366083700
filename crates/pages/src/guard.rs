//! The reader of PDFs takes in what anybody wrote: should it panic, that costs one page.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `read`; `None` where it panics. What it borrowed is dropped or never read again.
pub(crate) fn guard<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}
