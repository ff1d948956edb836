//! Work that goes on after the answer: an environment is frozen only when its extension, too, says that it is done.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use scheduler_core::engine;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Time that is left unused before an environment is stopped.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

/// What is under way after an answer, and how long it may take.
#[derive(Debug, Default)]
pub struct Background {
    deadline: Mutex<Option<Instant>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Background {
    /// An invocation began that must end by `deadline`.
    pub(crate) fn begin(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
    }

    /// Waits until nothing is under way.
    pub async fn settled(&self) {
        loop {
            let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            if tasks.is_empty() {
                return;
            }
            while let Some(ended) = tasks.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a run that went on in the background has failed");
                }
            }
        }
    }
}

impl engine::Background for Background {
    fn time(&self) -> Duration {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.unwrap_or_default().saturating_sub(MARGIN)
    }

    fn go_on(&self, work: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(work);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use scheduler_core::engine::Background as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_that_was_begun_is_waited_for_even_if_some_of_it_fails() {
        let (background, ended) = (Arc::new(Background::default()), Arc::new(AtomicU32::new(0)));
        background.begin(Instant::now() + Duration::from_secs(12));
        assert_eq!(background.time(), Duration::from_secs(10));
        for second in 1..=3 {
            let ended = ended.clone();
            background.go_on(Box::pin(async move {
                tokio::time::sleep(Duration::from_secs(second)).await;
                assert!(second != 2, "as the test says");
                ended.fetch_add(1, Ordering::Relaxed);
            }));
        }

        background.settled().await;

        assert_eq!(ended.load(Ordering::Relaxed), 2);
        assert_eq!(background.time(), Duration::from_secs(7));
    }
}
