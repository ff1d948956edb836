//! What the engine needs from the outside, in the domain's own words.

mod clock;
mod http;
mod keys;
mod place;
mod puller;
mod store;

pub use clock::{Clock, ManualClock};
pub use http::{HttpClient, HttpError, HttpRequest, HttpResponse, Method};
pub use keys::{DataKey, DataKeys};
pub use place::{Ids, Place};
pub use puller::{PullContext, PullFailure, Pulled, Puller, RecordSink, RunLog, SinkError};
pub use store::{AuditQuery, Commit, ImportedQuery, Page, RunQuery, Store, StoreError, commit_one};
