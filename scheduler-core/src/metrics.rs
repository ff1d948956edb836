//! Every metric that is exported: one page for dashboards, alerts and docs to agree with.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::domain::{Operation, Run, RunState, State, Tenant, Timestamp, Trigger};

const DURATIONS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
const LATENESS: &[f64] = &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
const CALLS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const TRIGGERS: [Trigger; 3] = [Trigger::Schedule, Trigger::Manual, Trigger::Retry];
const OUTCOMES: [&str; 5] = ["ok", "error", "timeout", "cancelled", "skipped"];

/// Which tenants get a label of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantLabels {
    /// The first so many; the others count under `_other`.
    Capped(usize),
    /// Every one.
    All,
    /// None.
    Off,
}

impl Default for TenantLabels {
    fn default() -> Self {
        Self::Capped(2000)
    }
}

/// The counters of one process.
pub struct Metrics {
    registry: Registry,
    policy: TenantLabels,
    labelled: Mutex<HashSet<Tenant>>,
    scheduled_imports: IntCounterVec,
    local_actions: IntCounterVec,
    runs: IntCounterVec,
    run_duration: HistogramVec,
    lateness: Histogram,
    records: IntCounterVec,
    schedules: IntGaugeVec,
    overdue: IntGauge,
    tenant_overdue: GaugeVec,
    oldest_in_flight: Gauge,
    in_flight: IntGauge,
    ticks: IntCounterVec,
    tick_duration: Histogram,
    last_tick: Gauge,
    store_operations: IntCounterVec,
    store_errors: IntCounterVec,
    store_duration: HistogramVec,
    crm_requests: IntCounterVec,
    crm_duration: HistogramVec,
    http_requests: IntCounterVec,
    http_duration: HistogramVec,
    audit_entries: IntCounterVec,
    audit_dropped: IntCounter,
    event_clients: IntGauge,
    event_resyncs: IntCounter,
    tenant_series: IntGauge,
    tenant_overflow: IntCounter,
}

/// Where schedules stand at the moment of a scrape.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// How many are in each state, in the order of [`State::ALL`].
    pub states: [u64; 7],
    /// Active schedules that are past due by more than twice their interval, and by a minute at least.
    pub overdue: u64,
    /// The worst of them with their lateness in seconds.
    pub worst: Vec<(Tenant, f64)>,
    /// Runs in flight.
    pub in_flight: u64,
    /// The age of the oldest of them, in seconds.
    pub oldest_in_flight: f64,
    /// Who listens to events.
    pub event_clients: u64,
}

impl Metrics {
    /// Starts at zero. `host` is the kind of host, `version` and `commit` name the build.
    pub fn new(host: &str, version: &str, commit: &str, policy: TenantLabels) -> Self {
        let registry = Registry::new();
        let m = Maker(&registry);
        let build =
            m.int_gauges("aetherlink_build_info", "Which build this is", &["version", "commit", "host"]);
        build.with_label_values(&[version, commit, host]).set(1);
        let metrics = Self {
            policy,
            labelled: Mutex::default(),
            scheduled_imports: m.counters(
                "aetherlink_acculynx_scheduled_imports_total",
                "Scheduled imports that were run",
                &["tenant"],
            ),
            local_actions: m.counters(
                "aetherlink_local_actions_total",
                "Operator commands that were accepted",
                &["tenant", "action"],
            ),
            runs: m.counters("aetherlink_runs_total", "Runs that ended", &["trigger", "outcome"]),
            run_duration: m.histograms(
                "aetherlink_run_duration_seconds",
                "How long runs took",
                &["outcome"],
                DURATIONS,
            ),
            lateness: m.histogram(
                "aetherlink_schedule_lateness_seconds",
                "How long after its due instant a slot was started",
                LATENESS,
            ),
            records: m.counters("aetherlink_records_total", "Records that runs brought", &["result"]),
            schedules: m.int_gauges("aetherlink_schedules", "Schedules by state", &["state"]),
            overdue: m.int_gauge(
                "aetherlink_schedules_overdue",
                "Active schedules past due by more than twice their interval, and by a minute at least",
            ),
            tenant_overdue: m.gauges(
                "aetherlink_tenant_overdue_seconds",
                "How far past due the 50 worst tenants are",
                &["tenant"],
            ),
            oldest_in_flight: m
                .gauge("aetherlink_run_oldest_in_flight_seconds", "Age of the oldest run in flight"),
            in_flight: m.int_gauge("aetherlink_runs_in_flight", "Runs in flight"),
            ticks: m.counters("aetherlink_ticks_total", "Rounds of the scheduler", &["result"]),
            tick_duration: m.histogram(
                "aetherlink_tick_duration_seconds",
                "How long a round took to claim what was due",
                CALLS,
            ),
            last_tick: m
                .gauge("aetherlink_last_tick_timestamp_seconds", "When the scheduler last looked for work"),
            store_operations: m.counters("aetherlink_store_operations_total", "Calls of the store", &["op"]),
            store_errors: m.counters("aetherlink_store_errors_total", "Calls that failed", &["op", "kind"]),
            store_duration: m.histograms(
                "aetherlink_store_operation_duration_seconds",
                "How long calls of the store took",
                &["op"],
                CALLS,
            ),
            crm_requests: m.counters(
                "aetherlink_crm_requests_total",
                "Requests sent upstream",
                &["endpoint", "code"],
            ),
            crm_duration: m.histograms(
                "aetherlink_crm_request_duration_seconds",
                "How long the upstream took to answer",
                &["endpoint"],
                CALLS,
            ),
            http_requests: m.counters(
                "aetherlink_http_requests_total",
                "Requests that were answered",
                &["method", "route", "code"],
            ),
            http_duration: m.histograms(
                "aetherlink_http_request_duration_seconds",
                "How long answers took",
                &["method", "route"],
                CALLS,
            ),
            audit_entries: m.counters(
                "aetherlink_audit_entries_total",
                "Audit entries that were written",
                &["operation"],
            ),
            audit_dropped: m.counter(
                "aetherlink_audit_dropped_total",
                "Denials that were only counted, because too many came at once",
            ),
            event_clients: m.int_gauge("aetherlink_event_clients", "Clients that listen to events"),
            event_resyncs: m.counter("aetherlink_event_resyncs_total", "Listeners that fell behind"),
            tenant_series: m
                .int_gauge("aetherlink_metrics_tenant_series", "Tenants with a label of their own"),
            tenant_overflow: m
                .counter("aetherlink_metrics_tenant_overflow_total", "Counts that went to the label _other"),
            registry: registry.clone(),
        };
        metrics.start_at_zero();
        metrics
    }

    /// Shows every combination of closed sets from the start, so that the first error is seen as a step.
    fn start_at_zero(&self) {
        for outcome in OUTCOMES {
            for trigger in TRIGGERS {
                self.runs.with_label_values(&[trigger.as_str(), outcome]);
            }
            self.run_duration.with_label_values(&[outcome]);
        }
        for result in ["imported", "skipped", "failed"] {
            self.records.with_label_values(&[result]);
        }
        for state in State::ALL {
            self.schedules.with_label_values(&[state.as_str()]);
        }
        for result in ["ok", "error"] {
            self.ticks.with_label_values(&[result]);
        }
        for operation in Operation::ALL {
            self.audit_entries.with_label_values(&[operation.as_str()]);
        }
    }

    /// The label that stands for a tenant: its own name while there is room, and for good.
    fn label<'a>(&self, tenant: &'a Tenant) -> &'a str {
        let cap = match self.policy {
            TenantLabels::All => return tenant.as_str(),
            TenantLabels::Off => return "_other",
            TenantLabels::Capped(cap) => cap,
        };
        let mut labelled = self.labelled.lock().unwrap_or_else(PoisonError::into_inner);
        if labelled.contains(tenant) {
            return tenant.as_str();
        }
        if labelled.len() < cap {
            labelled.insert(tenant.clone());
            return tenant.as_str();
        }
        self.tenant_overflow.inc();
        "_other"
    }

    /// Drops the series of a tenant whose schedule was deleted.
    pub fn forget(&self, tenant: &Tenant) {
        let name = tenant.as_str();
        self.labelled.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
        let _absent = self.scheduled_imports.remove_label_values(&[name]);
        for operation in Operation::ALL {
            let _absent = self.local_actions.remove_label_values(&[name, operation.as_str()]);
        }
        let _absent = self.tenant_overdue.remove_label_values(&[name]);
    }

    /// Counts an audit entry; one of a tenant's is an action of an operator.
    pub fn audited(&self, tenant: Option<&Tenant>, operation: Operation) {
        self.audit_entries.with_label_values(&[operation.as_str()]).inc();
        if let Some(tenant) = tenant {
            self.local_actions.with_label_values(&[self.label(tenant), operation.as_str()]).inc();
        }
    }

    /// Counts a denial that was not written.
    pub fn audit_dropped(&self) {
        self.audit_dropped.inc();
    }

    /// Notes how late a slot was started.
    pub fn started(&self, run: &Run) {
        if let (Trigger::Schedule, Some(lateness)) = (run.trigger, run.lateness_ms) {
            self.lateness.observe(lateness as f64 / 1000.0);
        }
    }

    /// Counts a run that ended.
    pub fn ended(&self, run: &Run) {
        let outcome = match run.state {
            RunState::Running => return,
            RunState::Succeeded => "ok",
            RunState::TimedOut => "timeout",
            RunState::Cancelled => "cancelled",
            RunState::Failed | RunState::Abandoned => "error",
        };
        self.runs.with_label_values(&[run.trigger.as_str(), outcome]).inc();
        if let Some(millis) = run.duration_ms {
            self.run_duration.with_label_values(&[outcome]).observe(millis as f64 / 1000.0);
        }
        if run.trigger != Trigger::Manual && run.key.source.as_str() == "acculynx" {
            self.scheduled_imports.with_label_values(&[self.label(&run.key.tenant)]).inc();
        }
        let stats = run.stats;
        for (result, count) in
            [("imported", stats.imported), ("skipped", stats.skipped), ("failed", stats.failed)]
        {
            self.records.with_label_values(&[result]).inc_by(count);
        }
    }

    /// Notes a round of the scheduler.
    pub fn ticked(&self, ok: bool, seconds: f64, now: Timestamp) {
        self.ticks.with_label_values(&[if ok { "ok" } else { "error" }]).inc();
        self.tick_duration.observe(seconds);
        self.last_tick.set(now.epoch_secs());
    }

    /// Notes a call of the store; `error` is its kind.
    pub fn stored(&self, op: &'static str, error: Option<&'static str>, seconds: f64) {
        self.store_operations.with_label_values(&[op]).inc();
        self.store_duration.with_label_values(&[op]).observe(seconds);
        if let Some(kind) = error {
            self.store_errors.with_label_values(&[op, kind]).inc();
        }
    }

    /// Notes a request to an upstream. `endpoint` is a template, `code` a status or a failure's kind.
    pub fn called_upstream(&self, endpoint: &str, code: &str, seconds: f64) {
        self.crm_requests.with_label_values(&[endpoint, code]).inc();
        self.crm_duration.with_label_values(&[endpoint]).observe(seconds);
    }

    /// Notes an answer. `route` is a template, `class` such as `2xx`.
    pub fn answered(&self, method: &str, route: &str, class: &str, seconds: f64) {
        self.http_requests.with_label_values(&[method, route, class]).inc();
        self.http_duration.with_label_values(&[method, route]).observe(seconds);
    }

    /// Counts a listener that fell behind.
    pub fn resynced(&self) {
        self.event_resyncs.inc();
    }

    /// The text form, with gauges as of `census`. Without `tenants`, no series names a tenant.
    pub fn render(&self, census: &Census, tenants: bool) -> String {
        for (state, count) in State::ALL.iter().zip(census.states) {
            self.schedules.with_label_values(&[state.as_str()]).set(signed(count));
        }
        self.overdue.set(signed(census.overdue));
        self.tenant_overdue.reset();
        for (tenant, seconds) in census.worst.iter().take(50) {
            self.tenant_overdue.with_label_values(&[tenant.as_str()]).set(*seconds);
        }
        self.in_flight.set(signed(census.in_flight));
        self.oldest_in_flight.set(census.oldest_in_flight);
        self.event_clients.set(signed(census.event_clients));
        let labelled = self.labelled.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.tenant_series.set(signed(labelled as u64));
        let mut families = self.registry.gather();
        if !tenants {
            families.retain(|family| {
                family
                    .get_metric()
                    .iter()
                    .all(|metric| metric.get_label().iter().all(|label| label.name() != "tenant"))
            });
        }
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text).unwrap_or_default();
        String::from_utf8(text).unwrap_or_default()
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn add<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let collector = made.expect("names and labels are constants that the tests register");
        self.0.register(Box::new(collector.clone())).expect("each name is registered once");
        collector
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.add(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.add(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.add(Gauge::new(name, help))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.add(GaugeVec::new(Opts::new(name, help), labels))
    }

    fn int_gauge(&self, name: &str, help: &str) -> IntGauge {
        self.add(IntGauge::new(name, help))
    }

    fn int_gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.add(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.add(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.into())))
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        self.add(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.into()), labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_past_the_cap_count_together() {
        let metrics = Metrics::new("axum", "0", "none", TenantLabels::Capped(1));
        let tenant = |name| Tenant::parse(name).unwrap();

        metrics.audited(Some(&tenant("first")), Operation::Pause);
        metrics.audited(Some(&tenant("second")), Operation::Pause);
        metrics.audited(Some(&tenant("third")), Operation::Pause);

        let text = metrics.render(&Census::default(), true);
        assert!(text.contains(r#"aetherlink_local_actions_total{action="pause",tenant="first"} 1"#));
        assert!(text.contains(r#"aetherlink_local_actions_total{action="pause",tenant="_other"} 2"#));
        assert!(text.contains("aetherlink_metrics_tenant_overflow_total 2"));
        metrics.forget(&tenant("first"));
        assert!(!metrics.render(&Census::default(), true).contains("first"));
        assert!(!metrics.render(&Census::default(), false).contains("tenant="));
    }
}
