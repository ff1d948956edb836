//! Everything that can be configured: environment variables, as the template sets them.

use std::str::FromStr;

use scheduler_core::env::{or, whole};
use scheduler_core::vault::MasterKey;

/// Which of the functions this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers HTTP requests and makes the first token.
    Api,
    /// Runs what is due, or hands it to the workers.
    Tick,
    /// Runs what the queue brings.
    Worker,
    /// All of them in one.
    All,
}

impl Role {
    /// Whether this function does what `other` does.
    pub fn covers(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "api" => Ok(Self::Api),
            "tick" => Ok(Self::Tick),
            "worker" => Ok(Self::Worker),
            "all" => Ok(Self::All),
            _ => Err("expected api, tick, worker or all"),
        }
    }
}

/// What the environment says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `COMMAND_CENTER_ROLE`: which of the functions this is (`all`).
    pub role: Role,
    /// `AWS_LAMBDA_FUNCTION_NAME`: under which its numbers are found, as AWS sets it.
    pub name: String,
    /// `COMMAND_CENTER_TABLE`: the DynamoDB table.
    pub table: String,
    /// `COMMAND_CENTER_MASTER_KEY`: encrypts upstream keys; 32 bytes in hex or base 64.
    pub master_key: MasterKey,
    /// `COMMAND_CENTER_KMS_KEY`: id, alias or ARN of an AWS KMS key that wraps the keys of upstream keys; without it
    /// the master key seals them alone.
    pub kms_key: Option<String>,
    /// `COMMAND_CENTER_QUEUE_URL`: where ticks hand slots over to workers; without it they run them.
    pub queue_url: Option<String>,
    /// `COMMAND_CENTER_ENVIRONMENT`: what the deployment calls itself.
    pub environment: Option<String>,
    /// `ACCULYNX_BASE_URL`: address of the AccuLynx API.
    pub acculynx_base_url: Option<String>,
    /// `COMMAND_CENTER_MIN_INTERVAL_SEC`: shortest interval that a schedule may have, in seconds (60, for ticks
    /// come once a minute).
    pub min_interval_sec: u32,
    /// `COMMAND_CENTER_PARALLEL`: runs at one time in one environment (64).
    pub parallel: usize,
    /// `COMMAND_CENTER_LEASE_SEC`: how long a run is believed to be alive without a sign of life, in seconds (30).
    pub lease_sec: u32,
    /// `COMMAND_CENTER_REQUEST_BUDGET`: upstream requests that one run may make for the children of jobs (600).
    pub request_budget: u64,
    /// `COMMAND_CENTER_RETENTION_DAYS`: how long runs and occurrences are kept, in days (90).
    pub retention_days: u32,
    /// `COMMAND_CENTER_OTLP_ENDPOINT`: a collector that takes traces as OTLP over HTTP; needs a build with `otel`.
    pub otlp_endpoint: Option<String>,
    /// `COMMAND_CENTER_LOG_LEVEL`: error, warn, info, debug, trace, or a tracing filter (`info`).
    pub log_level: String,
}

impl Settings {
    /// Reads the settings; `get` gives the value of a variable.
    ///
    /// # Errors
    ///
    /// The variable that is missing or makes no sense, and between what it must be. No value is shown.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = &|name: &str| get(name).filter(|value| !value.is_empty());
        let needed = |name: &str| get(name).ok_or_else(|| format!("{name} is not set"));
        let key = "COMMAND_CENTER_MASTER_KEY";
        Ok(Self {
            role: or(get, "COMMAND_CENTER_ROLE", Role::All)?,
            name: or(get, "AWS_LAMBDA_FUNCTION_NAME", String::new())?,
            table: needed("COMMAND_CENTER_TABLE")?,
            master_key: MasterKey::parse(&needed(key)?).map_err(|problem| format!("{key}: {problem}"))?,
            kms_key: get("COMMAND_CENTER_KMS_KEY"),
            queue_url: get("COMMAND_CENTER_QUEUE_URL"),
            environment: get("COMMAND_CENTER_ENVIRONMENT"),
            acculynx_base_url: get("ACCULYNX_BASE_URL"),
            min_interval_sec: whole(get, "COMMAND_CENTER_MIN_INTERVAL_SEC", 60, 1..=86_400)?,
            parallel: whole(get, "COMMAND_CENTER_PARALLEL", 64, 1..=1000)?,
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
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<Settings, String> {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        Settings::read(|name| value(name).map(str::to_owned))
    }

    const TABLE: (&str, &str) = ("COMMAND_CENTER_TABLE", "command-center");
    const KEY: (&str, &str) = ("COMMAND_CENTER_MASTER_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");

    #[test]
    fn a_table_and_a_key_are_enough() {
        let settings = read(&[TABLE, KEY, ("COMMAND_CENTER_QUEUE_URL", "")]).unwrap();

        assert_eq!((settings.role, settings.min_interval_sec, settings.queue_url), (Role::All, 60, None));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_is_shown() {
        let named = |values: &[(&str, &str)]| read(values).unwrap_err();

        assert!(named(&[KEY]).contains("COMMAND_CENTER_TABLE"));
        assert!(named(&[TABLE, KEY, ("COMMAND_CENTER_ROLE", "root")]).contains("COMMAND_CENTER_ROLE"));
        assert!(named(&[TABLE, KEY, ("COMMAND_CENTER_PARALLEL", "-1")]).contains("COMMAND_CENTER_PARALLEL"));
        let wrong_key = named(&[TABLE, (KEY.0, "s3cret")]);
        assert!(wrong_key.contains(KEY.0) && !wrong_key.contains("s3cret"), "{wrong_key}");
    }

    const PAGE: &str = include_str!("../../docs/deploy/lambda.md");

    /// The rows of the page's table: variable, default, what it does.
    fn rows() -> Vec<(&'static str, &'static str)> {
        let lines = PAGE.lines().filter_map(|line| line.strip_prefix("| `COMMAND_CENTER_").map(|_| line));
        let base = PAGE.lines().filter(|line| line.starts_with("| `ACCULYNX_"));
        let cells = |line: &'static str| {
            let mut cells = line.split('|').skip(1).map(str::trim);
            (cells.next().unwrap().trim_matches('`'), cells.next().unwrap())
        };
        lines.chain(base).map(cells).collect()
    }

    #[test]
    fn the_page_tells_of_every_variable_that_is_read_and_of_no_other() {
        let asked = RefCell::new(BTreeSet::new());
        let known = [TABLE, KEY];
        let all = Settings::read(|name| {
            asked.borrow_mut().insert(name.to_owned());
            known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        assert!(all.is_ok(), "{all:?}");

        let told: BTreeSet<String> = rows().into_iter().map(|(name, _)| name.to_owned()).collect();
        let mut asked = asked.into_inner();
        assert!(asked.remove("AWS_LAMBDA_FUNCTION_NAME"), "AWS sets it");
        assert_eq!(asked, told);
    }

    #[test]
    fn the_page_tells_of_every_variable_of_aws_that_is_read_and_of_no_other() {
        let sources = [
            include_str!("main.rs"),
            include_str!("parts.rs"),
            include_str!("settings.rs").split("#[cfg(test)]").next().unwrap(),
            include_str!("../../scheduler-core/adapters/store-dynamodb/src/configuration.rs"),
        ];
        let read: BTreeSet<&str> = sources.iter().flat_map(|source| names(source, "\"AWS_")).collect();
        let told: BTreeSet<&str> = names(PAGE, "`AWS_").filter(|name| *name != "AWS_IAM").collect();

        assert!(read.len() > 5, "{read:?}");
        assert_eq!(read, told);
    }

    /// Every name of AWS' after its opening quote.
    fn names<'a>(text: &'a str, opening: &'a str) -> impl Iterator<Item = &'a str> {
        text.match_indices(opening).map(|(place, _)| {
            let rest = &text[place + 1..];
            rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap_or(rest)
        })
    }

    #[test]
    fn defaults_and_bounds_are_what_the_page_says() {
        let read = |name: &str, value: &str| read(&[TABLE, KEY, (name, value)]);
        let usual = format!("{:?}", read("", "").unwrap());
        let mut bounded = 0;
        for (name, told) in rows() {
            let (default, bounds) = told.split_once(" (").unwrap_or((told, ""));
            if !["needed", ""].contains(&default) {
                let value = default.trim_matches('`');
                assert_eq!(format!("{:?}", read(name, value).unwrap()), usual, "{name}: {default}");
            }
            let Some((low, high)) = bounds.trim_end_matches(')').split_once(" to ") else { continue };
            let [low, high] = [low, high].map(|bound| bound.replace(',', "").parse::<u64>().unwrap());
            for good in [low, high] {
                assert!(read(name, &good.to_string()).is_ok(), "{name}: {good}");
            }
            for wrong in [(low - 1).to_string(), (high + 1).to_string(), "-1".into(), "many".into()] {
                let problem = read(name, &wrong).unwrap_err();
                assert_eq!(problem, format!("{name}: expected a whole number from {low} to {high}"));
            }
            bounded += 1;
        }
        assert_eq!(bounded, 5);
    }
}
