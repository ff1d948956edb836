//! What a process used, and how a set of numbers is spread.

use std::fs;
use std::time::Duration;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) goal: &'static str,
}

/// CPU time of this process so far, user and system.
pub(crate) fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// Resident memory of this process, in bytes.
pub(crate) fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// The value below which `share` of the numbers lie.
pub(crate) fn percentile(numbers: &mut [i64], share: f64) -> i64 {
    numbers.sort_unstable();
    let last = numbers.len().saturating_sub(1);
    numbers.get((last as f64 * share).round() as usize).copied().unwrap_or(0)
}

/// Microseconds as milliseconds with two digits.
pub(crate) fn ms(micros: i64) -> String {
    format!("{:.2} ms", micros as f64 / 1000.0)
}

/// Bytes as megabytes.
pub(crate) fn mb(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
