//! Every promise of the [`Store`] port as a test case, run by every adapter.
//!
//! An adapter's test file names a fresh store, and that is all:
//!
//! ```
//! scheduler_core::store_conformance!(scheduler_core::memory::MemoryStore::new());
//! ```
//!
//! The expression is evaluated for each case, each on a thread of its own. It may give an `Option`:
//! without a store, as when no server is there to test against, the cases are skipped.

#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]

pub mod answers;
pub mod audit;
pub mod chains;
pub mod commit;
pub mod due;
pub mod fixtures;
pub mod gone;
pub mod imports;
pub mod occurrences;
pub mod records;
pub mod rivals;
pub mod runs;
pub mod settings;
pub mod upkeep;
pub mod whole;

pub use futures::executor::block_on;

use crate::ports::Store;

/// What an adapter's expression may give: a store, or none where its backend is not there.
pub trait Fresh {
    /// The store.
    type Store: Store;

    /// The store, if its backend is there.
    fn ready(self) -> Option<Self::Store>;
}

impl<S: Store> Fresh for S {
    type Store = S;

    fn ready(self) -> Option<S> {
        Some(self)
    }
}

impl<S: Store> Fresh for Option<S> {
    type Store = S;

    fn ready(self) -> Self {
        self
    }
}

/// Runs a case on a store of its own; without a store it is skipped, which is the adapter's to explain.
pub fn check(fresh: impl Fresh, case: impl AsyncFnOnce(&dyn Store)) {
    if let Some(store) = fresh.ready() {
        block_on(case(&store));
    }
}

/// Gives each promise of the `Store` port a named test, on a fresh store that `$fresh` makes.
#[macro_export]
macro_rules! store_conformance {
    ($fresh:expr) => {
        fn fresh_store() -> impl $crate::conformance::Fresh {
            $fresh
        }
        $crate::store_conformance!(@group records
            an_unknown_key_has_no_record
            a_record_comes_back_as_it_was_committed
            hostile_text_in_a_record_survives
            names_at_their_longest_are_kept
            records_of_two_sources_do_not_meet
            the_system_record_stands_beside_the_tenants
            a_bulk_command_is_kept_in_a_record_of_its_own
            a_tombstone_keeps_what_it_counted
            a_tombstone_is_revived_on_its_own_version
            a_scan_is_in_the_order_of_bytes
            a_scan_goes_on_after_any_name
            a_scan_during_edits_neither_repeats_nor_skips
        );
        $crate::store_conformance!(@group commit
            an_empty_batch_has_no_answers
            a_commit_is_read_by_all_that_comes_after
            a_stale_change_is_refused
            a_second_first_change_is_refused
            a_later_change_of_no_record_is_refused
            a_change_from_the_future_is_refused
            a_stale_change_harms_no_other_in_its_batch
            changes_of_one_record_are_made_in_order
            the_second_of_two_rivals_in_a_batch_is_refused
            what_builds_on_a_refused_change_is_refused
            the_version_grows_with_every_change
            a_batch_of_two_thousand_is_made
        );
        $crate::store_conformance!(@group whole
            a_change_that_is_made_brings_all_that_it_carries
            a_change_that_is_refused_brings_nothing
            a_change_that_is_refused_removes_nothing
            changes_of_a_batch_do_not_mix
            later_writes_of_a_batch_replace_earlier_ones
            what_is_written_twice_is_there_once
            the_system_record_carries_its_own_chain
        );
        $crate::store_conformance!(@group due
            the_earliest_is_due_first
            a_record_is_due_at_its_very_instant
            a_record_without_an_instant_is_never_due
            a_tombstone_with_an_instant_is_due
            a_rescheduled_record_is_due_once
            a_due_record_is_the_current_one
            a_refused_change_leaves_what_is_due
            the_next_due_instant_is_the_earliest_of_all
            all_that_are_due_at_one_instant_are_found
        );
        $crate::store_conformance!(@group runs
            an_unknown_run_is_none
            a_run_comes_back_as_it_was
            hostile_text_in_a_run_survives
            log_lines_come_with_one_run_only
            a_run_is_replaced_by_its_name
            the_newest_run_comes_first
            runs_of_one_instant_are_paged_whole
            a_full_last_page_of_runs_has_no_next
            a_walk_while_runs_begin_neither_repeats_nor_skips
            any_run_id_is_a_cursor
            a_foreign_cursor_of_runs_is_refused
            runs_are_filtered
            runs_outside_the_scope_do_not_show
            runs_of_another_source_do_not_show
        );
        $crate::store_conformance!(@group occurrences
            a_range_comes_back_as_it_was
            the_oldest_range_comes_first
            a_range_grows_in_place
            a_range_shows_in_the_windows_that_it_touches
            ranges_of_others_do_not_show
        );
        $crate::store_conformance!(@group audit
            the_newest_entry_comes_first
            entries_of_one_instant_are_paged_whole
            a_full_last_page_of_entries_has_no_next
            a_walk_while_entries_are_appended_neither_repeats_nor_skips
            any_entry_id_is_a_cursor
            a_foreign_cursor_of_entries_is_refused
            entries_are_filtered_and_counted
            the_count_is_that_of_the_whole_list
            entries_outside_the_scope_do_not_show
            entries_of_another_source_do_not_show
            hostile_text_in_an_entry_survives
        );
        $crate::store_conformance!(@group chains
            a_chain_is_read_in_order
            a_chain_of_one_instant_is_read_in_order
            a_chain_that_comes_back_can_be_verified
            a_chain_can_be_verified_page_by_page
            every_chain_is_listed_once
        );
        $crate::store_conformance!(@group answers
            an_answer_is_found_until_it_expires
            an_answer_replaces_the_one_of_its_name
            an_answer_may_give_way_to_an_earlier_one
            an_answer_comes_with_a_change
            a_request_is_carried_out_once
            a_request_is_carried_out_once_within_a_batch
            an_answer_alone_changes_no_record
            hostile_text_in_an_answer_survives
        );
        $crate::store_conformance!(@group imports
            an_import_says_what_became_of_each_record
            an_import_dates_sight_and_change
            a_record_may_come_twice_in_a_batch
            a_large_batch_is_imported
            hostile_text_in_an_import_survives
            content_is_kept_as_it_was_written
            imported_records_are_walked_in_order
            a_full_last_page_of_imported_records_has_no_next
            changed_since_leaves_out_what_was_merely_seen
            a_walk_during_an_import_neither_repeats_nor_skips
            a_foreign_cursor_of_imported_records_is_refused
            imported_records_of_others_do_not_show
        );
        $crate::store_conformance!(@group gone
            the_unseen_are_found_in_order
            marking_counts_what_was_not_yet_gone
            going_away_is_a_change
            what_was_gone_is_created_again
            nothing_is_written_without_the_lease
            nothing_is_written_without_a_record
            a_lease_is_its_tenants_own
            a_renewed_lease_goes_on_holding
        );
        $crate::store_conformance!(@group settings
            a_connection_is_set_replaced_and_removed
            connections_of_others_are_not_touched
            tokens_are_listed_by_id
            a_token_replaces_the_one_of_its_id
            a_revoked_token_is_gone
            a_token_made_and_revoked_at_once_is_gone
            hostile_text_in_settings_survives
        );
        $crate::store_conformance!(@group upkeep
            ended_runs_are_pruned
            runs_in_flight_are_not_pruned
            past_ranges_are_pruned
            expired_answers_are_pruned
            nothing_else_is_pruned
            a_probe_leaves_no_trace
            places_are_given_once
        );
        $crate::store_conformance!(@group rivals
            writers_of_one_record_lose_no_step
            one_of_many_first_changes_is_made
            writers_of_different_records_all_succeed
            no_two_changes_are_told_one_version
            places_taken_at_once_do_not_overlap
            one_of_many_processes_answers_a_request
        );
    };
    (@group $group:ident $($case:ident)+) => {
        mod $group {
            $(
                #[test]
                fn $case() {
                    $crate::conformance::check(super::fresh_store(), $crate::conformance::$group::$case);
                }
            )+
        }
    };
}
