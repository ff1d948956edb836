//! What ticks import that are stopped: the same in whichever process.

use host_conformance::host::START;
use puller_acculynx::sandbox::Location;
use scheduler_core::domain::Timestamp;

/// A location that had two jobs when the hosts started, and has been given `more` since.
pub fn location(more: usize) -> Location {
    let start = Timestamp::parse(START).expect("an instant");
    let mut location = Location::generate("peakpro", 2, 7, start);
    for _ in 0..more {
        location.add_job(start, true);
    }
    location
}
