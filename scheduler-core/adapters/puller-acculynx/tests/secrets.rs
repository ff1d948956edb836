//! The key shows in the one header that needs it, and nowhere else.

mod bench;

use std::time::Duration;

use bench::{Bench, HOUR, KEY};
use puller_acculynx::sandbox::{Fault, Temper, Trouble};

#[test]
fn the_key_is_in_no_message_log_cursor_or_debug_text() {
    let echo = format!("the key {KEY} is not valid");
    let faults = [
        Fault::Unauthorized,
        Fault::Problem(400, echo.clone()),
        Fault::Problem(401, echo.clone()),
        Fault::Problem(429, echo.clone()),
        Fault::Problem(500, echo.clone()),
        Fault::Problem(302, echo),
        Fault::Truncated,
        Fault::Reset,
    ];
    for fault in faults {
        let (bench, mut tenant) = Bench::one(80);
        bench.trouble(Trouble { skip: 3, ..Trouble::always(fault.clone()) });
        let failure = bench.pull_within(&mut tenant, Duration::from_secs(900)).unwrap_err();
        let mut shown = format!("{failure:?} {} {:?} {:?}", failure.error.message, tenant.log, tenant.cursor);
        bench.sandbox.change(KEY, |location| location.temper = Temper::default());
        bench.clock.advance(HOUR * 2);
        let pulled = bench.pull(&mut tenant).unwrap();
        shown.push_str(&format!("{pulled:?} {:?} {:?} {:?}", tenant.log, tenant.cursor, tenant.connection));

        assert!(!shown.contains(KEY), "{fault:?}");
        assert!(!bench.sandbox.journal().entries().any(|logged| logged.target.contains(KEY)));
    }
}

#[test]
fn no_customer_shows_in_a_cursor_a_log_or_a_failure() {
    let (bench, mut tenant) = Bench::one(80);
    bench.trouble(Trouble { skip: 12, ..Trouble::always(Fault::Truncated) });

    let failure = bench.pull(&mut tenant).unwrap_err();

    let shown = format!("{failure:?} {:?} {:?}", tenant.log, tenant.cursor);
    for part in ["Quill", "Tanner", "Elm Row", "309555", "Peoria"] {
        assert!(!shown.contains(part), "{shown}");
    }
}
