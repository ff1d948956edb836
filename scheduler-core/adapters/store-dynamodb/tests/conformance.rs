//! Every promise of the store, against DynamoDB Local.

use dynamodb_local::Local;

scheduler_core::store_conformance!(Local::shared().map(Local::store));
