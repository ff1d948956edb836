//! Numbers for CloudWatch: a log line in the embedded metric format, which needs no call and no permission.

use std::io::Write;

use scheduler_core::domain::Timestamp;
use serde_json::{Map, Value, json};

/// Where the metrics are found in CloudWatch.
const NAMESPACE: &str = "AetherLink/CommandCenter";

/// The line that tells CloudWatch of `values`: name, unit and value. `function` is their one dimension.
pub fn line(function: &str, now: Timestamp, values: &[(&str, &str, f64)]) -> String {
    let metrics: Vec<_> =
        values.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect();
    let mut line: Map<String, Value> =
        values.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": metrics });
    line.insert("Function".into(), function.into());
    line.insert("_aws".into(), json!({ "Timestamp": now.millis(), "CloudWatchMetrics": [directive] }));
    Value::Object(line).to_string()
}

/// Writes the line to where CloudWatch reads it. Outside of AWS a function has no name, and nobody reads it.
pub(crate) fn tell(function: &str, now: Timestamp, values: &[(&str, &str, f64)]) {
    if function.is_empty() {
        return;
    }
    // A log that can not be written is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{}", line(function, now, values));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_every_metric_that_it_holds() {
        let line = line("tick", Timestamp::from_secs(1_800_000_000), &[("RunsClaimed", "Count", 3.0)]);

        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["RunsClaimed"], &line["Function"]), (&json!(3.0), &json!("tick")));
        assert_eq!(line["_aws"]["Timestamp"], 1_800_000_000_000_i64);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Metrics"][0]["Name"], "RunsClaimed");
        assert_eq!(directive["Dimensions"], json!([["Function"]]));
    }
}
