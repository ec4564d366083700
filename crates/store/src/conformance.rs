//! The checks that every backend passes, one test each.
//!
//! ```
//! use proofroom_store::{MemoryStore, conformance::Backend};
//!
//! struct Memory;
//!
//! impl Backend for Memory {
//!     type Store = MemoryStore;
//!
//!     fn create(&mut self) -> MemoryStore {
//!         MemoryStore::new()
//!     }
//!     fn reopen(&mut self, store: MemoryStore) -> MemoryStore {
//!         store.reopen()
//!     }
//! }
//!
//! proofroom_store::conformance_tests!(Memory);
//! # fn main() {}
//! ```
//!
//! Crashes differ by backend, so each backend tests its own; [`contents`] tells
//! whether two stores hold the same.

mod bases;
mod logs;
mod values;
mod world;

pub use bases::{
    a_base_alone_is_held_and_survives_reopening, a_base_of_a_held_log_or_of_statements_is_refused,
    a_gap_after_a_base_refuses_the_whole_batch, a_log_may_begin_at_a_base,
    dropping_bases_leaves_what_is_held_from_the_start, snapshots_are_listed_read_in_parts_and_dropped,
    two_snapshots_of_different_makers_are_kept,
};
pub use logs::{
    a_broken_chain_refuses_the_whole_batch, a_gap_refuses_the_whole_batch, a_known_entry_is_refused,
    a_new_store_holds_nothing, a_summary_counts_and_digests_its_document,
    an_erased_entry_keeps_its_place_and_loses_its_payload, another_author_cannot_continue_a_log,
    digests_do_not_depend_on_the_order_of_arrival, documents_and_workspaces_are_kept_apart,
    one_batch_appends_many_entries_of_one_log, one_proof_is_kept_per_log_the_earliest,
    reading_starts_where_it_is_asked_to, reading_stops_at_the_limit_but_gives_at_least_one_entry,
    what_is_committed_is_read_back, what_is_committed_survives_reopening, what_proves_nothing_is_refused,
};
pub use values::{
    a_prefix_finds_its_keys_in_order, an_empty_batch_changes_nothing,
    keys_and_values_over_their_limit_are_refused, values_are_set_replaced_and_removed,
    what_is_committed_soon_is_seen_and_survives_a_flush,
};
pub use world::{Contents, World, contents};

use crate::Store;

/// A kind of store that is put to the test.
pub trait Backend {
    /// The store.
    type Store: Store;

    /// A new, empty store.
    fn create(&mut self) -> Self::Store;

    /// Closes a store and opens it again, as a restarted process does.
    fn reopen(&mut self, store: Self::Store) -> Self::Store;
}

/// Expands to one test per check. The argument is an expression that makes a
/// [`Backend`](crate::conformance::Backend).
#[macro_export]
macro_rules! conformance_tests {
    ($backend:expr) => {
        $crate::conformance_tests! { @each $backend;
            a_new_store_holds_nothing
            what_is_committed_is_read_back
            what_is_committed_survives_reopening
            a_gap_refuses_the_whole_batch
            a_broken_chain_refuses_the_whole_batch
            a_known_entry_is_refused
            another_author_cannot_continue_a_log
            one_batch_appends_many_entries_of_one_log
            reading_stops_at_the_limit_but_gives_at_least_one_entry
            reading_starts_where_it_is_asked_to
            a_summary_counts_and_digests_its_document
            digests_do_not_depend_on_the_order_of_arrival
            documents_and_workspaces_are_kept_apart
            one_proof_is_kept_per_log_the_earliest
            what_proves_nothing_is_refused
            an_erased_entry_keeps_its_place_and_loses_its_payload
            values_are_set_replaced_and_removed
            what_is_committed_soon_is_seen_and_survives_a_flush
            a_prefix_finds_its_keys_in_order
            keys_and_values_over_their_limit_are_refused
            an_empty_batch_changes_nothing
            a_log_may_begin_at_a_base
            a_base_alone_is_held_and_survives_reopening
            a_base_of_a_held_log_or_of_statements_is_refused
            a_gap_after_a_base_refuses_the_whole_batch
            dropping_bases_leaves_what_is_held_from_the_start
            two_snapshots_of_different_makers_are_kept
            snapshots_are_listed_read_in_parts_and_dropped
        }
    };
    (@each $backend:expr; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            $crate::conformance::$check(&mut $backend);
        }
    )*};
}
