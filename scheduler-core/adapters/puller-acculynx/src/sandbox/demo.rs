//! A ready set of locations to show the command center with.

use std::sync::Arc;
use std::time::Duration;

use scheduler_core::ports::Clock;

use super::{Fault, Location, Sandbox, Trouble};

/// A tenant to register for the demonstration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoTenant {
    /// A name that the core accepts as a tenant's.
    pub name: &'static str,
    /// The key to set as the tenant's connection.
    pub api_key: &'static str,
    /// How its location behaves, in words.
    pub temper: &'static str,
}

const TENANTS: [DemoTenant; 7] = [
    DemoTenant { name: "peakpro-roofing", api_key: "demo-key-peakpro", temper: "healthy, small" },
    DemoTenant { name: "stormline-exteriors", api_key: "demo-key-stormline", temper: "healthy, middle" },
    DemoTenant { name: "summit-gutters", api_key: "demo-key-summit", temper: "healthy, large" },
    DemoTenant {
        name: "slowcreek-siding",
        api_key: "demo-key-slowcreek",
        temper: "slow: every answer takes 2 s",
    },
    DemoTenant {
        name: "busybee-restoration",
        api_key: "demo-key-busybee",
        temper: "rate-limited: 429 now and then",
    },
    DemoTenant {
        name: "lostkey-construction",
        api_key: "demo-key-lostkey",
        temper: "a key that the server refuses",
    },
    DemoTenant { name: "flakyoak-roofing", api_key: "demo-key-flakyoak", temper: "flaky: 500 now and then" },
];

/// A sandbox with a location for each of a few tenants, and the tenants to register.
///
/// Locations live on by themselves, so that each run brings a few changes.
pub fn demo(clock: Arc<dyn Clock>) -> (Vec<DemoTenant>, Sandbox) {
    let now = clock.now();
    let sandbox = Sandbox::new(clock);
    let add = |index: usize, company: &str, jobs: usize, pace: u64, temper: &dyn Fn(&mut Location)| {
        let mut location = Location::generate(company, jobs, 40 + index as u64, now);
        location.pace = Some(Duration::from_secs(pace));
        temper(&mut location);
        sandbox.add(TENANTS[index].api_key, location);
    };
    let too_many = Fault::TooMany(vec![("retry-after", "5".to_owned())]);
    add(0, "PeakPro Roofing", 40, 45, &|_| {});
    add(1, "Stormline Exteriors", 160, 20, &|_| {});
    add(2, "Summit Gutters", 600, 10, &|_| {});
    add(3, "Slowcreek Siding", 60, 30, &|location| location.temper.latency = Duration::from_secs(2));
    add(4, "Busybee Restoration", 90, 30, &|location| {
        location.temper.troubles = vec![Trouble::recurring(17, 1, too_many.clone())];
    });
    add(6, "Flaky Oak Roofing", 70, 30, &|location| {
        // As often as a request is tried: one run fails, and the next recovers.
        let trouble = Trouble::recurring(9, 4, Fault::Bare(500));
        location.temper.troubles = vec![Trouble { path: "/jobs?".into(), ..trouble }];
    });
    (TENANTS.to_vec(), sandbox)
}
