//! Everything that can be configured: environment variables, as the runtime sets them.

use scheduler_core::domain::Secret;
use scheduler_core::env::{or, whole};
use scheduler_core::vault::MasterKey;

/// What the environment says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COMMAND_CENTER_DATA_DIR`: the directory of the store, as the runtime has opened it (`/data`).
    pub data_dir: String,
    /// `COMMAND_CENTER_TABLE`: a DynamoDB table that is the store instead; needs a build with `dynamodb`.
    pub table: Option<String>,
    /// `COMMAND_CENTER_MASTER_KEY`: encrypts upstream keys; 32 bytes in hex or base 64.
    pub master_key: MasterKey,
    /// `COMMAND_CENTER_OPEN`: `true` where only this machine can reach the surface. Without any token, everyone
    /// is then the administrator.
    pub open: bool,
    /// `COMMAND_CENTER_TICK_TOKEN`: a token that may tick and read metrics, nothing else.
    pub tick_token: Option<Secret>,
    /// `COMMAND_CENTER_TICK_BUDGET_SEC`: how long a tick may claim runs, in seconds (50).
    pub tick_budget_sec: u32,
    /// `COMMAND_CENTER_TICK_RUNS`: runs that a tick starts at the most (1000).
    pub tick_runs: usize,
    /// `COMMAND_CENTER_ENVIRONMENT`: what the deployment calls itself.
    pub environment: Option<String>,
    /// `ACCULYNX_BASE_URL`: address of the AccuLynx API.
    pub acculynx_base_url: Option<String>,
    /// `COMMAND_CENTER_MIN_INTERVAL_SEC`: shortest interval that a schedule may have, in seconds (60, for ticks
    /// come once a minute).
    pub min_interval_sec: u32,
    /// `COMMAND_CENTER_PARALLEL`: runs at one time in one tick (16).
    pub parallel: usize,
    /// `COMMAND_CENTER_LEASE_SEC`: how long a run is believed to be alive without a sign of life, in seconds (30).
    pub lease_sec: u32,
    /// `COMMAND_CENTER_REQUEST_BUDGET`: upstream requests that one run may make for the children of jobs (600).
    pub request_budget: u64,
    /// `COMMAND_CENTER_RETENTION_DAYS`: how long runs and occurrences are kept, in days (90).
    pub retention_days: u32,
    /// `COMMAND_CENTER_OTLP_ENDPOINT`: a collector that takes traces as OTLP over HTTP; needs a build with `otel`.
    pub otlp_endpoint: Option<String>,
    /// `COMMAND_CENTER_LOG_LEVEL`: error, warn, info, debug or trace (`info`).
    pub log_level: String,
}

impl Settings {
    /// Reads the settings; `get` gives the value of a variable.
    ///
    /// A secret may be in a file instead, whose path is in the variable of its name with `_FILE` added;
    /// `open` reads that file.
    ///
    /// # Errors
    ///
    /// The variable that is missing or makes no sense, and between what it must be. No value is shown.
    pub fn read(
        get: impl Fn(&str) -> Option<String>,
        open: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let secret = |name: &str| {
            let file = format!("{name}_FILE");
            match (get(name), get(&file)) {
                (None, Some(path)) => {
                    let text = open(&path).map_err(|problem| format!("{file}: {problem}"))?;
                    Ok(Some(text.trim().to_owned()))
                }
                (value, _) => Ok::<_, String>(value),
            }
        };
        let key = "COMMAND_CENTER_MASTER_KEY";
        let master_key = secret(key)?.ok_or_else(|| format!("neither {key} nor {key}_FILE is set"))?;
        Ok(Self {
            data_dir: or(get, "COMMAND_CENTER_DATA_DIR", "/data".to_owned())?,
            table: get("COMMAND_CENTER_TABLE"),
            master_key: MasterKey::parse(&master_key).map_err(|problem| format!("{key}: {problem}"))?,
            open: or(get, "COMMAND_CENTER_OPEN", false)?,
            tick_token: secret("COMMAND_CENTER_TICK_TOKEN")?.as_deref().map(Secret::new),
            tick_budget_sec: whole(get, "COMMAND_CENTER_TICK_BUDGET_SEC", 50, 1..=3_600)?,
            tick_runs: whole(get, "COMMAND_CENTER_TICK_RUNS", 1000, 1..=1_000_000)?,
            environment: get("COMMAND_CENTER_ENVIRONMENT"),
            acculynx_base_url: get("ACCULYNX_BASE_URL"),
            min_interval_sec: whole(get, "COMMAND_CENTER_MIN_INTERVAL_SEC", 60, 1..=86_400)?,
            parallel: whole(get, "COMMAND_CENTER_PARALLEL", 16, 1..=1000)?,
            lease_sec: whole(get, "COMMAND_CENTER_LEASE_SEC", 30, 5..=3600)?,
            request_budget: whole(get, "COMMAND_CENTER_REQUEST_BUDGET", 600, 1..=1_000_000)?,
            retention_days: whole(get, "COMMAND_CENTER_RETENTION_DAYS", 90, 1..=36_500)?,
            otlp_endpoint: get("COMMAND_CENTER_OTLP_ENDPOINT"),
            log_level: or(get, "COMMAND_CENTER_LOG_LEVEL", "info".to_owned())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: (&str, &str) =
        ("COMMAND_CENTER_MASTER_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

    fn read(values: &[(&str, &str)]) -> Result<Settings, String> {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let open = |path: &str| {
            if path == "/secrets/key" { Ok(format!("{}\n", KEY.1)) } else { Err("no such file".into()) }
        };
        Settings::read(|name| value(name).map(str::to_owned), open)
    }

    #[test]
    fn a_key_is_enough() {
        let settings = read(&[KEY, ("COMMAND_CENTER_TICK_TOKEN", "")]).unwrap();

        assert_eq!(
            (settings.data_dir.as_str(), settings.min_interval_sec, settings.open),
            ("/data", 60, false)
        );
        assert!(settings.tick_token.is_none());
    }

    #[test]
    fn numbers_have_bounds_that_are_told() {
        for (name, wrong, told) in [
            ("COMMAND_CENTER_LEASE_SEC", "4", "from 5 to 3600"),
            ("COMMAND_CENTER_TICK_BUDGET_SEC", "0", "from 1 to 3600"),
            ("COMMAND_CENTER_PARALLEL", "many", "from 1 to 1000"),
        ] {
            let problem = read(&[KEY, (name, wrong)]).unwrap_err();
            assert!(problem.starts_with(name) && problem.ends_with(told), "{problem}");
        }
    }

    #[test]
    fn a_secret_may_be_in_a_file() {
        let settings = read(&[("COMMAND_CENTER_MASTER_KEY_FILE", "/secrets/key")]).unwrap();

        assert_eq!(settings.master_key, MasterKey::parse(KEY.1).unwrap());
        let missing = read(&[("COMMAND_CENTER_MASTER_KEY_FILE", "/nowhere")]).unwrap_err();
        assert_eq!(missing, "COMMAND_CENTER_MASTER_KEY_FILE: no such file");
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is_shown() {
        let named = |values: &[(&str, &str)]| read(values).unwrap_err();

        assert!(named(&[]).contains("COMMAND_CENTER_MASTER_KEY"));
        assert!(named(&[KEY, ("COMMAND_CENTER_PARALLEL", "-1")]).contains("COMMAND_CENTER_PARALLEL"));
        assert!(named(&[KEY, ("COMMAND_CENTER_OPEN", "yes")]).contains("COMMAND_CENTER_OPEN"));
        let wrong_key = named(&[(KEY.0, "s3cret")]);
        assert!(wrong_key.contains(KEY.0) && !wrong_key.contains("s3cret"), "{wrong_key}");
    }
}
