//! Slows a crash loop down, so that what crashes the process is not done over and over.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scheduler_core::domain::Timestamp;
use tracing::warn;

/// Starts within this time of each other belong together.
const WINDOW: Duration = Duration::from_secs(60);
/// So many starts without a clean stop are taken for bad luck.
const FORGIVEN: usize = 3;
const LONGEST: Duration = Duration::from_secs(60);

/// The note of starts that were not followed by a clean stop.
pub struct Restarts {
    path: PathBuf,
    starts: Vec<Timestamp>,
}

impl Restarts {
    /// Notes a start beside the store.
    pub fn note(store: &Path, now: Timestamp) -> Self {
        let mut path = store.as_os_str().to_owned();
        path.push(".starts");
        let path = PathBuf::from(path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let recent = |start: &Timestamp| *start <= now && now.duration_since(*start) < 2 * LONGEST + WINDOW;
        let mut starts: Vec<_> = text
            .lines()
            .filter_map(|line| line.parse().ok())
            .map(Timestamp::from_millis)
            .filter(recent)
            .collect();
        starts.drain(..starts.len().saturating_sub(15));
        starts.push(now);
        let text: String = starts.iter().map(|start| format!("{}\n", start.millis())).collect();
        if let Err(error) = fs::write(&path, text) {
            warn!(%error, path = %path.display(), "can not note the start");
        }
        Self { path, starts }
    }

    /// How long to wait before work begins: doubling with each start too many.
    ///
    /// A start counts when it followed the one before within a minute, besides what that one had to wait.
    pub fn delay(&self) -> Duration {
        let mut delay = Duration::ZERO;
        let mut close = 1;
        for pair in self.starts.windows(2) {
            close = if pair[1].duration_since(pair[0]) < WINDOW + delay { close + 1 } else { 1 };
            delay = match u32::try_from(close - FORGIVEN.min(close)) {
                Ok(0) => Duration::ZERO,
                Ok(over) => Duration::from_secs(1u64 << (over - 1).min(16)).min(LONGEST),
                Err(_) => LONGEST,
            };
        }
        delay
    }

    /// Forgets the starts: this one ends as it should.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_is_slowed_down_and_a_clean_stop_forgives() {
        let dir = tempfile::tempdir().unwrap();
        let mut now = Timestamp::from_secs(1_800_000_000);
        let mut delays = Vec::new();
        for _ in 0..11 {
            let restarts = Restarts::note(&dir.path().join("a.db"), now);
            delays.push(restarts.delay().as_secs());
            now = now + restarts.delay() + Duration::from_secs(5);
        }
        assert_eq!(delays, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);

        Restarts::note(&dir.path().join("a.db"), now).forget();

        assert_eq!(Restarts::note(&dir.path().join("a.db"), now).delay(), Duration::ZERO);
    }

    #[test]
    fn starts_that_lie_apart_and_a_note_that_is_garbage_do_not_count() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.db.starts"), "x\n\n-1\n99999999999999999999\n").unwrap();
        let mut now = Timestamp::from_secs(1_800_000_000);
        for _ in 0..10 {
            assert_eq!(Restarts::note(&dir.path().join("a.db"), now).delay(), Duration::ZERO);
            now = now + Duration::from_secs(61);
        }
    }

    #[test]
    fn a_directory_that_can_not_be_written_stops_nothing() {
        let restarts = Restarts::note(Path::new("/nowhere/at/all"), Timestamp::MIN);

        assert_eq!(restarts.delay(), Duration::ZERO);
        restarts.forget();
    }
}
