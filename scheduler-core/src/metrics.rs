//! Every metric that is exported: one page for dashboards, alerts and docs to agree with.

mod totals;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::domain::{Operation, Run, RunState, State, Tenant, Timestamp, Trigger};
use crate::machine::GRACE;
use crate::ports::StoreError;

pub use totals::Totals;

const DURATIONS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
const LATENESS: &[f64] = &[0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
const CALLS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

const TRIGGERS: [&str; 4] = ["schedule", "catchup", "retry", "manual"];
const OUTCOMES: [&str; 5] = ["ok", "error", "timeout", "cancelled", "skipped"];
const STORE_FAILURES: [&str; 2] = ["unavailable", "corrupt"];
/// The label of all tenants without one of their own; no tenant can have that name.
const OTHER: &str = "_other";
/// How many of the worst tenants are named at the most.
pub const NAMED: usize = 50;

/// Which tenants get a label of their own. The others count under `_other`, so that sums stay right.
///
/// A tenant keeps its label until its schedule is deleted: a count that moved to another label would look like
/// a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantLabels {
    /// So many, in the order in which they come.
    pub cap: usize,
    /// And these in any case.
    pub always: HashSet<Tenant>,
}

impl TenantLabels {
    /// The first `cap` that come.
    pub fn capped(cap: usize) -> Self {
        Self { cap, always: HashSet::new() }
    }
}

impl Default for TenantLabels {
    fn default() -> Self {
        Self::capped(2000)
    }
}

/// The calls of a store, as labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the method of `Store` of that name")]
pub enum StoreOp {
    Load,
    Scan,
    Due,
    NextDue,
    Commit,
    Version,
    Place,
    Run,
    Runs,
    Occurrences,
    Audit,
    AuditCount,
    Chains,
    Chain,
    Answer,
    PutAnswer,
    Import,
    Unseen,
    MarkGone,
    Imported,
    ImportedOne,
    Connection,
    Tokens,
    Token,
    Prune,
    Probe,
}

impl StoreOp {
    /// The names of all, in order.
    const NAMES: [&str; 26] = [
        "load",
        "scan",
        "due",
        "next_due",
        "commit",
        "version",
        "place",
        "run",
        "runs",
        "occurrences",
        "audit",
        "audit_count",
        "chains",
        "chain",
        "answer",
        "put_answer",
        "import",
        "unseen",
        "mark_gone",
        "imported",
        "imported_one",
        "connection",
        "tokens",
        "token",
        "prune",
        "probe",
    ];
}

/// A store call's counters, at hand: they are on the path of every tick.
struct StoreCalls {
    operations: IntCounter,
    duration: Histogram,
    errors: [IntCounter; STORE_FAILURES.len()],
}

/// What became of a notification, or of one try to deliver it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver has taken it.
    Sent,
    /// It was not taken, and is tried again.
    Retried,
    /// It was given up.
    Failed,
}

impl Delivery {
    const ALL: [Self; 3] = [Self::Sent, Self::Retried, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
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
    tenant_failures: IntGaugeVec,
    oldest_in_flight: Gauge,
    in_flight: IntGauge,
    ticks: IntCounterVec,
    tick_duration: Histogram,
    last_tick: Gauge,
    store: Vec<StoreCalls>,
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
    notifications: IntCounterVec,
}

/// Where schedules stand at the moment of a scrape.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// How many are in each state, in the order of [`State::ALL`].
    pub states: [u64; 7],
    /// Active schedules that are past due for longer than they may be.
    pub overdue: u64,
    /// The worst of them with their lateness in seconds.
    pub worst: Vec<(Tenant, f64)>,
    /// Active schedules that have failed most often in a row.
    pub failing: Vec<(Tenant, u32)>,
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
            tenant_failures: m.int_gauges(
                "aetherlink_tenant_failures",
                "Failed slots in a row of the 50 worst tenants",
                &["tenant"],
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
            store: m.store_calls(),
            crm_requests: m.counters(
                "aetherlink_crm_requests_total",
                "Requests sent upstream",
                &["endpoint", "code"],
            ),
            crm_duration: m.histograms(
                "aetherlink_crm_request_duration_seconds",
                "How long the upstream took to answer",
                &["endpoint", "code"],
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
                &["method", "route", "code"],
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
            notifications: m.counters(
                "aetherlink_notifications_total",
                "What became of notifications",
                &["result"],
            ),
            registry: registry.clone(),
        };
        metrics.start_at_zero();
        metrics
    }

    /// Shows every combination of closed sets from the start, so that the first error is seen as a step.
    fn start_at_zero(&self) {
        for outcome in OUTCOMES {
            for trigger in TRIGGERS {
                self.runs.with_label_values(&[trigger, outcome]);
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
        for delivery in Delivery::ALL {
            self.notifications.with_label_values(&[delivery.as_str()]);
        }
    }

    /// The label that stands for a tenant: its own name while there is room, and for good.
    fn label<'a>(&self, tenant: &'a Tenant) -> &'a str {
        if self.policy.always.contains(tenant) {
            return tenant.as_str();
        }
        let mut labelled = self.labelled.lock().unwrap_or_else(PoisonError::into_inner);
        if labelled.contains(tenant) {
            return tenant.as_str();
        }
        if labelled.len() < self.policy.cap {
            labelled.insert(tenant.clone());
            return tenant.as_str();
        }
        // Without labels there is nothing to overflow.
        if self.policy.cap > 0 {
            self.tenant_overflow.inc();
        }
        OTHER
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

    /// Counts an audit entry; one of a tenant's is an action of an operator, unless the scheduler wrote it.
    pub fn audited(&self, tenant: Option<&Tenant>, operation: Operation) {
        self.audit_entries.with_label_values(&[operation.as_str()]).inc();
        let own = matches!(operation, Operation::AutoPause | Operation::AutoResume | Operation::Denied);
        if let Some(tenant) = tenant.filter(|_| !own) {
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
        self.runs.with_label_values(&[trigger(run), outcome]).inc();
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

    /// Counts slots that got no run of their own.
    pub fn skipped(&self, slots: u64) {
        self.runs.with_label_values(&["schedule", "skipped"]).inc_by(slots);
    }

    /// Notes a call of the store. What the caller did wrong (a lost lease, a foreign cursor) is no failure.
    pub fn stored(&self, op: StoreOp, error: Option<&StoreError>, seconds: f64) {
        let calls = &self.store[op as usize];
        calls.operations.inc();
        calls.duration.observe(seconds);
        match error {
            Some(StoreError::Unavailable(_)) => calls.errors[0].inc(),
            Some(StoreError::Corrupt(_)) => calls.errors[1].inc(),
            Some(StoreError::LeaseLost | StoreError::Cursor) | None => {}
        }
    }

    /// Notes a request to an upstream. `endpoint` is a template, `code` a status or a failure's kind.
    pub fn called_upstream(&self, endpoint: &str, code: &str, seconds: f64) {
        self.crm_requests.with_label_values(&[endpoint, code]).inc();
        self.crm_duration.with_label_values(&[endpoint, code]).observe(seconds);
    }

    /// Notes an answer. `route` is a template, `class` such as `2xx`.
    pub fn answered(&self, method: &str, route: &str, class: &str, seconds: f64) {
        self.http_requests.with_label_values(&[method, route, class]).inc();
        self.http_duration.with_label_values(&[method, route, class]).observe(seconds);
    }

    /// Counts what became of notifications.
    pub fn notified(&self, delivery: Delivery) {
        self.notifications.with_label_values(&[delivery.as_str()]).inc();
    }

    /// Counts a listener that fell behind.
    pub fn resynced(&self) {
        self.event_resyncs.inc();
    }

    /// What this process has counted so far.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.registry.gather())
    }

    /// The text form, with gauges as of `census`. Without `tenants`, no series names a tenant.
    pub fn render(&self, census: &Census, tenants: bool) -> String {
        self.text(census, tenants, None)
    }

    /// The same, with what all processes have counted in the place of what this one has.
    pub fn render_totals(&self, census: &Census, tenants: bool, totals: &Totals) -> String {
        self.text(census, tenants, Some(totals))
    }

    fn text(&self, census: &Census, tenants: bool, totals: Option<&Totals>) -> String {
        for (state, count) in State::ALL.iter().zip(census.states) {
            self.schedules.with_label_values(&[state.as_str()]).set(signed(count));
        }
        self.overdue.set(signed(census.overdue));
        self.tenant_overdue.reset();
        self.tenant_failures.reset();
        if self.policy.cap > 0 {
            for (tenant, seconds) in census.worst.iter().take(NAMED) {
                self.tenant_overdue.with_label_values(&[tenant.as_str()]).set(*seconds);
            }
            for (tenant, failures) in census.failing.iter().take(NAMED) {
                self.tenant_failures.with_label_values(&[tenant.as_str()]).set((*failures).into());
            }
        }
        self.in_flight.set(signed(census.in_flight));
        self.oldest_in_flight.set(census.oldest_in_flight);
        self.event_clients.set(signed(census.event_clients));
        let labelled = self.labelled.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.tenant_series.set(signed((labelled + self.policy.always.len()) as u64));
        let mut families = self.registry.gather();
        if let Some(totals) = totals {
            totals.show(&mut families);
        }
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

/// Why a run was started, as a label: a slot that is served late for want of a scheduler is caught up with.
fn trigger(run: &Run) -> &'static str {
    let late = run.lateness_ms.is_some_and(|lateness| u128::from(lateness) > GRACE.as_millis());
    match run.trigger {
        Trigger::Schedule if late => "catchup",
        Trigger::Schedule => "schedule",
        Trigger::Manual => "manual",
        Trigger::Retry => "retry",
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

    /// Every call of a store, each from zero on.
    fn store_calls(&self) -> Vec<StoreCalls> {
        let operations = self.counters("aetherlink_store_operations_total", "Calls of the store", &["op"]);
        let errors = self.counters("aetherlink_store_errors_total", "Calls that failed", &["op", "kind"]);
        let duration = self.histograms(
            "aetherlink_store_operation_duration_seconds",
            "How long calls of the store took",
            &["op"],
            CALLS,
        );
        let calls = |op: &&str| StoreCalls {
            operations: operations.with_label_values(&[*op]),
            duration: duration.with_label_values(&[*op]),
            errors: STORE_FAILURES.map(|kind| errors.with_label_values(&[*op, kind])),
        };
        StoreOp::NAMES.iter().map(calls).collect()
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
    use crate::domain::{Key, RunId, Source, Stats};

    fn tenant(name: &str) -> Tenant {
        Tenant::parse(name).unwrap()
    }

    fn metrics(labels: TenantLabels) -> Metrics {
        Metrics::new("axum", "0", "none", labels)
    }

    fn run(tenant: Tenant, trigger: Trigger, lateness_ms: u64) -> Run {
        let key = Key::new(Source::parse("acculynx").unwrap(), tenant);
        let started = Timestamp::from_secs(1_800_000_000);
        Run {
            run_id: RunId::new(&key, 1, started),
            key,
            trigger,
            slot: Some(started),
            attempt: 1,
            state: RunState::Succeeded,
            started,
            finished: Some(started),
            duration_ms: Some(20),
            lateness_ms: Some(lateness_ms),
            stats: Stats { imported: 3, skipped: 2, failed: 1, ..Stats::default() },
            message: None,
            error: None,
            worker: "test".into(),
            log: Vec::new(),
        }
    }

    /// The sum of all series of that name.
    fn sum(text: &str, name: &str) -> f64 {
        let series = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        series.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    #[test]
    fn tenants_past_the_cap_count_together() {
        let metrics = metrics(TenantLabels { cap: 1, always: [tenant("vip")].into() });

        for name in ["first", "second", "third", "vip"] {
            metrics.audited(Some(&tenant(name)), Operation::Pause);
        }

        let text = metrics.render(&Census::default(), true);
        assert!(text.contains(r#"aetherlink_local_actions_total{action="pause",tenant="first"} 1"#));
        assert!(text.contains(r#"aetherlink_local_actions_total{action="pause",tenant="vip"} 1"#));
        assert!(text.contains(r#"aetherlink_local_actions_total{action="pause",tenant="_other"} 2"#));
        assert!(text.contains("aetherlink_metrics_tenant_overflow_total 2"));
        assert!(text.contains("aetherlink_metrics_tenant_series 2"));
        metrics.forget(&tenant("first"));
        assert!(!metrics.render(&Census::default(), true).contains("first"));
        assert!(!metrics.render(&Census::default(), false).contains("tenant="));
    }

    #[test]
    fn counts_of_several_processes_add_up_to_what_one_would_have_counted() {
        let made = || Metrics::new("lambda", "0", "none", TenantLabels::default());
        let (one, other, alone) = (made(), made(), made());
        let tenant = |name| Tenant::parse(name).unwrap();
        for metrics in [&one, &alone] {
            metrics.audited(Some(&tenant("first")), Operation::Pause);
            metrics.called_upstream("/jobs", "200", 0.2);
        }
        for metrics in [&other, &alone] {
            metrics.audited(Some(&tenant("second")), Operation::Pause);
            metrics.called_upstream("/jobs", "200", 3.0);
            metrics.called_upstream("/contacts", "timeout", 0.5);
            metrics.ticked(true, 0.01, Timestamp::from_secs(1_800_000_000));
        }

        let mut together = other.totals();
        let json = serde_json::to_string(&one.totals()).unwrap();
        together.add(&serde_json::from_str(&json).unwrap());

        let sorted = |text: String| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.retain(|line| !line.starts_with('#') && !line.contains("tenant_series"));
            lines.sort();
            lines
        };
        let census = Census::default();
        let text = one.render_totals(&census, true, &together);
        assert_eq!(sorted(text), sorted(alone.render(&census, true)));
        let before = one.totals();
        one.audit_dropped();
        let mut again = one.totals().since(&before);
        again.add(&before);
        assert_eq!(again, one.totals());
        let folded = together.without_tenants();
        assert!(one.render_totals(&census, true, &folded).contains(r#"{action="pause",tenant="_other"} 2"#));
    }

    #[test]
    fn without_labels_no_tenant_is_named() {
        let metrics = metrics(TenantLabels::capped(0));
        let worst = vec![(tenant("peakpro"), 99.0)];
        metrics.audited(Some(&tenant("peakpro")), Operation::Pause);

        let text = metrics.render(&Census { worst, overdue: 1, ..Census::default() }, true);

        assert!(!text.contains("peakpro"), "{text}");
        assert!(text.contains("aetherlink_metrics_tenant_overflow_total 0"));
        assert!(text.contains("aetherlink_schedules_overdue 1"));
    }

    #[test]
    fn a_hundred_thousand_tenants_fit_and_their_sums_are_right() {
        let metrics = metrics(TenantLabels::default());
        let mut census = Census { overdue: 100_000, ..Census::default() };
        for number in 0..100_000 {
            let tenant = tenant(&format!("tenant-with-a-long-name-{number}.example"));
            for operation in [Operation::Schedule, Operation::Edit, Operation::Pause, Operation::Resume] {
                metrics.audited(Some(&tenant), operation);
            }
            metrics.ended(&run(tenant.clone(), Trigger::Schedule, 10));
            census.worst.push((tenant.clone(), f64::from(number)));
            census.failing.push((tenant, number as u32));
        }

        let text = metrics.render(&census, true);

        assert!(text.len() < 2_000_000, "{} bytes", text.len());
        assert_eq!(sum(&text, "aetherlink_acculynx_scheduled_imports_total"), 100_000.0);
        assert_eq!(sum(&text, "aetherlink_local_actions_total"), 400_000.0);
        assert_eq!(sum(&text, "aetherlink_records_total"), 600_000.0);
        assert!(text.contains(r#"aetherlink_acculynx_scheduled_imports_total{tenant="_other"} 98000"#));
        assert_eq!(sum(&text, "aetherlink_metrics_tenant_overflow_total"), 5.0 * 98_000.0);
        for named in ["aetherlink_tenant_overdue_seconds{", "aetherlink_tenant_failures{"] {
            assert_eq!(text.matches(named).count(), NAMED);
        }
    }

    #[test]
    fn a_slot_that_is_served_late_is_caught_up_with() {
        let metrics = metrics(TenantLabels::default());
        let (grace, peakpro) = (30_000, || tenant("peakpro"));
        metrics.ended(&run(peakpro(), Trigger::Schedule, grace));
        metrics.ended(&run(peakpro(), Trigger::Schedule, grace + 1));
        metrics.ended(&run(peakpro(), Trigger::Retry, grace + 1));
        metrics.skipped(7);

        let text = metrics.render(&Census::default(), true);

        for (trigger, outcome, count) in [
            ("schedule", "ok", 1),
            ("catchup", "ok", 1),
            ("retry", "ok", 1),
            ("schedule", "skipped", 7),
            ("manual", "error", 0),
        ] {
            let line = format!(r#"aetherlink_runs_total{{outcome="{outcome}",trigger="{trigger}"}} {count}"#);
            assert!(text.contains(&line), "{line} in {text}");
        }
    }

    #[test]
    fn a_store_that_fails_is_counted_and_a_caller_that_errs_is_not() {
        let metrics = metrics(TenantLabels::default());
        metrics.stored(StoreOp::Commit, Some(&StoreError::Unavailable("full".into())), 0.1);
        metrics.stored(StoreOp::Probe, Some(&StoreError::LeaseLost), 0.1);
        metrics.stored(StoreOp::Probe, None, 0.1);

        let text = metrics.render(&Census::default(), true);

        assert!(text.contains(r#"aetherlink_store_errors_total{kind="unavailable",op="commit"} 1"#));
        assert!(text.contains(r#"aetherlink_store_errors_total{kind="corrupt",op="commit"} 0"#));
        assert!(text.contains(r#"aetherlink_store_operations_total{op="probe"} 2"#));
        assert_eq!(sum(&text, "aetherlink_store_errors_total"), 1.0);
        assert_eq!(StoreOp::Probe as usize + 1, StoreOp::NAMES.len());
    }
}
