//! A guard around automerge: its panics become errors.
//!
//! Vetting is there so that none happens; this is the second wall. In the browser a
//! panic aborts, and the worker that holds the document is started again.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` on state that is thrown away if it panics.
pub(crate) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        format!("panic: {}", text.unwrap_or_else(|| "without a message".to_owned()))
    })
}
