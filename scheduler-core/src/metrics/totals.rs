//! What several processes have counted together.

use std::collections::BTreeMap;

use prometheus::proto::{Bucket, Counter, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use serde::{Deserialize, Serialize};

/// A gauge that is no sum: of several processes, the last one tells.
const LATEST: &str = "aetherlink_last_tick_timestamp_seconds";

/// A family's name, and its labels with their values.
type Series = (String, Vec<(String, String)>);

/// The numbers of every series that only grows: of a counter, one; of a histogram, count, sum, and buckets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Series, Vec<f64>)>", into = "Vec<(Series, Vec<f64>)>")]
pub struct Totals(BTreeMap<Series, Vec<f64>>);

impl From<Vec<(Series, Vec<f64>)>> for Totals {
    fn from(rows: Vec<(Series, Vec<f64>)>) -> Self {
        let mut totals = Self::default();
        totals.0.extend(rows);
        totals
    }
}

impl From<Totals> for Vec<(Series, Vec<f64>)> {
    fn from(totals: Totals) -> Self {
        totals.0.into_iter().collect()
    }
}

impl Totals {
    /// Reads what a registry holds; series that stand at zero are left out.
    pub(super) fn of(families: &[MetricFamily]) -> Self {
        let mut totals = BTreeMap::new();
        for family in families {
            for metric in family.get_metric() {
                let labels = metric.get_label().iter();
                let labels =
                    labels.map(|label| (label.name().to_owned(), label.value().to_owned())).collect();
                let numbers = numbers(family, metric);
                if numbers.first().is_some_and(|first| *first != 0.0) {
                    totals.insert((family.name().to_owned(), labels), numbers);
                }
            }
        }
        Self(totals)
    }

    /// Adds what another process has counted.
    pub fn add(&mut self, other: &Self) {
        for (series, more) in &other.0 {
            let numbers = self.0.entry(series.clone()).or_insert_with(|| vec![0.0; more.len()]);
            for (number, more) in numbers.iter_mut().zip(more) {
                *number = if series.0 == LATEST { number.max(*more) } else { *number + more };
            }
        }
    }

    /// What was counted since `earlier`, by the same process.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        for (series, less) in earlier.0.iter().filter(|(series, _)| series.0 != LATEST) {
            let numbers = self.0.get_mut(series).into_iter().flatten();
            numbers.zip(less).for_each(|(number, less)| *number -= less);
        }
        self.0.retain(|_, numbers| numbers.first().is_some_and(|first| *first > 0.0));
        self
    }

    /// The same sums with all tenants under one label, for where there is no room for each.
    #[must_use]
    pub fn without_tenants(self) -> Self {
        let mut totals = Self::default();
        for ((name, mut labels), numbers) in self.0 {
            let tenants = labels.iter_mut().filter(|(label, _)| label == "tenant");
            tenants.for_each(|(_, tenant)| "_other".clone_into(tenant));
            totals.add(&vec![((name, labels), numbers)].into());
        }
        totals
    }

    /// Puts these numbers in the place of a registry's own.
    pub(super) fn show(&self, families: &mut [MetricFamily]) {
        for family in families {
            let kind = family.get_field_type();
            let name = family.name().to_owned();
            if kind == MetricType::GAUGE && name != LATEST {
                continue;
            }
            let ours = self.0.iter().filter(|((known, _), _)| *known == name);
            let bounds = bounds(family);
            let mut metrics = family.take_metric();
            for ((_, labels), numbers) in ours {
                let same = |metric: &&mut Metric| {
                    let known = metric.get_label().iter().map(|label| (label.name(), label.value()));
                    known.eq(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
                };
                match metrics.iter_mut().find(same) {
                    Some(metric) => set(metric, kind, numbers, &bounds),
                    None => {
                        let pairs = labels.iter().map(|(name, value)| pair(name, value)).collect();
                        let mut metric = Metric::from_label(pairs);
                        set(&mut metric, kind, numbers, &bounds);
                        metrics.push(metric);
                    }
                }
            }
            family.set_metric(metrics);
        }
    }
}

fn numbers(family: &MetricFamily, metric: &Metric) -> Vec<f64> {
    match family.get_field_type() {
        MetricType::COUNTER => vec![metric.get_counter().get_value()],
        MetricType::GAUGE if family.name() == LATEST => vec![metric.get_gauge().get_value()],
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let buckets = histogram.get_bucket().iter().map(|bucket| bucket.cumulative_count() as f64);
            let all = [histogram.get_sample_count() as f64, histogram.get_sample_sum()];
            all.into_iter().chain(buckets).collect()
        }
        _ => Vec::new(),
    }
}

/// The bounds of a histogram's buckets, as any of its series has them.
fn bounds(family: &MetricFamily) -> Vec<f64> {
    let buckets = family.get_metric().first().map(|metric| metric.get_histogram().get_bucket());
    buckets.into_iter().flatten().map(Bucket::upper_bound).collect()
}

fn pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are whole and not negative"
)]
fn set(metric: &mut Metric, kind: MetricType, numbers: &[f64], bounds: &[f64]) {
    match (kind, numbers) {
        (MetricType::COUNTER, [value]) => {
            let mut counter = Counter::default();
            counter.set_value(*value);
            metric.set_counter(counter);
        }
        (MetricType::GAUGE, [value]) => {
            let mut gauge = prometheus::proto::Gauge::default();
            gauge.set_value(*value);
            metric.set_gauge(gauge);
        }
        (MetricType::HISTOGRAM, [count, sum, buckets @ ..]) => {
            let mut histogram = Histogram::default();
            histogram.set_sample_count(*count as u64);
            histogram.set_sample_sum(*sum);
            let buckets = bounds.iter().zip(buckets).map(|(bound, count)| {
                let mut bucket = Bucket::default();
                bucket.set_upper_bound(*bound);
                bucket.set_cumulative_count(*count as u64);
                bucket
            });
            histogram.set_bucket(buckets.collect());
            metric.set_histogram(histogram);
        }
        _ => {}
    }
}
