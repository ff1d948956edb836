//! The cases, by area, and the macro that makes tests of them.

pub mod access;
pub mod browsers;
pub mod bulk;
pub mod conditions;
pub mod connections;
pub mod history;
pub mod hostile;
pub mod lifecycle;
pub mod live;
pub mod paging;
pub mod records;
pub mod routes;
pub mod setup;
pub mod troubles;

/// Gives each case a named test on a host; `$fresh` is a future of a new one, and what follows it is about the
/// runtime, as `tokio::test` takes it.
#[macro_export]
macro_rules! host_conformance {
    ($fresh:expr $(, $($runtime:tt)*)?) => {
        $crate::host_cases! { $fresh, [$($($runtime)*)?];
            lifecycle {
                an_old_client_leads_a_schedule_through_its_life
                a_status_row_has_the_fields_of_the_contract
                an_empty_body_asks_for_300_seconds_and_bounds_are_kept
                an_edit_keeps_what_it_does_not_name
                commands_to_unknown_tenants_create_nothing
                the_audit_shows_the_last_50_newest_first
                pausing_twice_changes_nothing
                a_pause_until_an_instant_ends_by_itself
                a_schedule_runs_in_its_slots_unless_paused
                a_run_by_hand_does_not_move_the_phase
                a_day_of_slots_runs_on_the_grid
                what_was_said_holds_after_a_restart
            }
            routes {
                a_wrong_method_is_refused_with_the_right_ones
                head_answers_as_get_without_the_body
                what_is_nowhere_is_not_found
                a_tenant_must_be_named_well
                a_request_id_is_echoed_or_made
                the_audit_knows_where_a_command_came_in
                capabilities_health_and_ping_are_public
                the_document_tells_of_every_route
                metrics_count_what_happened
                bodies_are_json_of_a_bounded_length
                unknown_fields_are_named_in_every_request
            }
            conditions {
                a_write_at_a_stale_revision_changes_nothing
                weak_bare_and_starred_tags_are_understood
                an_idle_poll_of_the_list_is_a_304
                the_list_says_the_same_until_something_changes
                a_repeated_key_replays_the_answer_of_every_write
                a_key_with_another_request_is_refused
                a_refusal_is_replayed_too
                one_key_at_the_same_time_is_one_command
                bulk_and_tokens_replay
                keys_of_two_principals_do_not_meet
                a_key_holds_for_a_day
                of_many_writers_at_one_revision_one_wins
            }
            paging {
                a_walk_over_schedules_during_edits_repeats_and_skips_nothing
                the_map_holds_every_tenant_and_pages
                walks_over_history_repeat_and_skip_nothing
                limits_and_cursors_are_checked_on_every_list
                filters_pick_what_they_say
                orders_are_what_they_say
                history_is_filtered_by_its_fields
            }
            history {
                a_run_has_the_fields_of_the_contract
                of_two_runs_at_once_one_is_refused
                a_long_run_is_answered_with_its_address
                a_cancelled_run_ends_cancelled
                a_deleted_schedule_takes_its_run_with_it
                a_run_cut_off_by_a_crash_is_taken_back
                every_slot_has_one_disposition
                slots_add_up_over_edits_and_deletion
                slots_of_a_downtime_follow_catch_up
                explanations_name_the_cause
                explanations_of_the_past_name_the_slot
                previews_are_of_what_is_stored_or_proposed
                previews_keep_to_the_zone_over_clock_changes
                a_preview_counts_who_starts_then
                the_last_runs_of_each_are_told
                a_timeline_counts_what_starts_when
            }
            bulk {
                a_dry_run_counts_and_does_nothing
                a_drifted_selection_is_left_alone
                every_tenant_and_the_bulk_have_an_entry
                a_bulk_goes_on_by_itself
                every_operation_does_what_its_call_does
                one_that_fails_is_named
                a_selection_must_be_made
                a_bulk_stays_within_the_callers_tenants
                a_bulk_may_name_many_tenants
            }
            connections {
                a_key_is_set_seen_by_its_fingerprint_tested_and_removed
                a_test_call_says_what_the_upstream_said
                a_run_without_a_key_fails_and_says_so
                keys_and_addresses_that_can_be_none_are_refused
                an_address_of_somebody_else_is_never_called
                a_key_is_nowhere_to_be_read
                keys_outlive_a_restart
                only_administrators_touch_keys
            }
            records {
                a_sweep_brings_every_job_and_contact_once
                a_second_run_imports_what_has_changed
                what_is_gone_upstream_is_marked
                a_record_has_the_fields_of_the_contract
                exports_hold_what_the_list_holds
                no_cell_begins_a_formula
                audit_exports_hold_what_the_list_holds
                records_belong_to_their_tenant
            }
            troubles {
                a_refused_key_fails_the_run
                a_page_for_people_fails_the_run
                an_empty_body_fails_the_run
                half_a_body_fails_the_run
                a_failing_upstream_fails_the_run
                broken_connections_fail_the_run
                an_upstream_that_asks_to_wait_fails_the_run
                after_a_fault_all_records_come
                a_run_out_of_time_is_stopped
                a_slot_that_fails_is_tried_again
                a_breaker_opens_and_closes_by_itself
                trouble_stays_with_its_tenant
            }
            access {
                no_route_is_left_out
                without_a_good_token_nobody_gets_in
                every_route_knows_its_role
                a_foreign_tenant_looks_as_if_it_did_not_exist
                no_list_tells_of_tenants_of_others
                denials_are_audited
                a_flood_of_denials_is_summed_up
                open_mode_narrows_by_the_headers_of_old
                token_mode_ignores_the_headers_of_old
                tokens_are_made_listed_and_revoked
                a_token_expires
                a_viewer_changes_nothing
            }
            browsers {
                open_mode_answers_to_local_names_only
                open_mode_refuses_pages_of_other_sites
                a_session_is_as_good_as_its_token
                a_session_is_not_believed_from_other_sites
                a_session_ends_after_its_time
                a_session_holds_over_a_restart
                too_many_requests_are_refused_for_a_while
                guessing_tokens_is_slowed_down
                open_mode_has_no_rate_limit
            }
            hostile {
                random_bytes_change_nothing
                absurd_values_in_every_field_change_nothing
                text_of_every_kind_is_kept_or_refused
                nesting_and_bulk_are_bounded
                claims_in_the_request_are_not_believed
                odd_targets_never_fail
                odd_headers_never_fail
                bodies_where_none_is_due_never_fail
            }
            live {
                a_stream_tells_of_every_command
                a_broken_stream_goes_on_where_it_broke
                an_idle_stream_shows_that_it_lives
                a_stream_tells_what_its_caller_may_see
                pollers_get_the_same_events
                changes_before_a_restart_are_forgotten
                a_poll_tells_nothing_of_the_pace_of_others
                a_tick_says_what_it_did
            }
        }
    };
}

/// Makes a module of each area and a test of each case.
#[doc(hidden)]
#[macro_export]
macro_rules! host_cases {
    ($fresh:expr, $runtime:tt; $($area:ident { $($case:ident)* })*) => {
        $(mod $area {
            $($crate::host_case! { $fresh, $runtime, $area, $case })*
        })*
    };
}

/// One case.
#[doc(hidden)]
#[macro_export]
macro_rules! host_case {
    ($fresh:expr, [$($runtime:tt)*], $area:ident, $case:ident) => {
        #[tokio::test($($runtime)*)]
        async fn $case() {
            if let Some(host) = $crate::host::Fresh::ready($fresh.await) {
                $crate::cases::$area::$case(&host).await;
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_case_is_listed() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
        let list = include_str!("mod.rs");
        for file in std::fs::read_dir(dir).expect("a directory") {
            let path = file.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let area = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if area == "setup" || area == "mod" {
                continue;
            }
            assert!(list.contains(&format!("            {area} {{")), "{area} is not listed");
            for line in text.lines() {
                let name = line.strip_prefix("pub async fn ").and_then(|rest| rest.split('(').next());
                let name = name.filter(|_| line.contains("(host: &dyn Host) {"));
                if let Some(name) = name {
                    assert!(
                        list.contains(&format!("                {name}\n")),
                        "{area}::{name} is not listed"
                    );
                }
            }
        }
    }
}
