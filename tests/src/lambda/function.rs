//! A function as Lambda runs it: as many environments as there are invocations at one time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::environment::{Environment, Outcome, lock};

/// How long an environment that has just answered may take to be free again, before another one is started.
const MOMENT: Duration = Duration::from_millis(300);

/// A function of one role.
pub struct Function {
    program: PathBuf,
    variables: Vec<(String, String)>,
    time: Duration,
    said: Arc<Mutex<String>>,
    environments: Mutex<Vec<Arc<Environment>>>,
    places: Semaphore,
}

impl Function {
    /// A function that has no environment yet: at the most so many at one time, each invocation with so much time.
    pub fn new(variables: Vec<(String, String)>, most: usize, time: Duration) -> Self {
        let (program, said) = (super::bootstrap().to_owned(), Arc::default());
        let (environments, places) = (Mutex::default(), Semaphore::new(most));
        Self { program, variables, time, said, environments, places }
    }

    /// Invokes it; none when its process was killed meanwhile.
    pub async fn try_invoke(&self, payload: String) -> Option<Outcome> {
        let _place = self.places.acquire().await.expect("it is never closed");
        let environment = match self.take().await {
            Some(environment) => environment,
            None => self.start().await,
        };
        let outcome = environment.invoke(payload, self.time).await;
        if outcome.is_some() {
            lock(&self.environments).push(environment);
        }
        outcome
    }

    /// Invokes it.
    pub async fn invoke(&self, payload: String) -> Outcome {
        self.try_invoke(payload).await.unwrap_or_else(|| panic!("the process was killed:\n{}", self.said()))
    }

    /// A new environment, which no invocation is sent to by itself.
    pub async fn start(&self) -> Arc<Environment> {
        Arc::new(Environment::start(&self.program, &self.variables, self.said.clone()).await)
    }

    /// Takes an environment that is free, or is about to be.
    async fn take(&self) -> Option<Arc<Environment>> {
        for _ in 0..2 {
            let known = match self.take_free() {
                Ok(free) => return Some(free),
                Err(known) if known.is_empty() => return None,
                Err(known) => known,
            };
            let free = futures::future::select_all(known.iter().map(|known| Box::pin(known.free())));
            let _too_long = tokio::time::timeout(MOMENT, free).await;
        }
        None
    }

    /// Takes an environment that is free, or gives those that are not.
    fn take_free(&self) -> Result<Arc<Environment>, Vec<Arc<Environment>>> {
        let mut known = lock(&self.environments);
        match known.iter().position(|environment| environment.is_free()) {
            Some(place) => Ok(known.remove(place)),
            None => Err(known.clone()),
        }
    }

    /// Ends all environments, whatever they do.
    pub fn kill(&self) {
        lock(&self.environments).drain(..).for_each(|environment| environment.kill());
    }

    /// Everything that its environments have written.
    pub fn said(&self) -> String {
        lock(&self.said).clone()
    }
}
