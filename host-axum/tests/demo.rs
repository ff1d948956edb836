//! The demonstration really imports.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use clap::Parser;
use host_axum::config::{Cli, Command};
use host_axum::demo;
use host_axum::parts::{Parts, acculynx};
use scheduler_core::domain::{ErrorKind, Key, LastRun, Tenant};
use scheduler_core::engine::Engine;
use scheduler_core::ports::ImportedQuery;

#[tokio::test]
async fn healthy_tenants_import_and_one_with_a_lost_key_is_told_so() {
    let Command::Serve(settings) =
        Cli::parse_from(["command-center", "serve", "--demo", "--store=memory"]).command
    else {
        panic!("serve is no longer serve")
    };
    let parts = Parts::open(&settings, None).await.unwrap();
    demo::register(&parts, &acculynx().unwrap()).await.unwrap();

    let lost = tokio::select! {
        () = parts.engine.run(std::future::pending()) => panic!("the scheduler has ended"),
        lost = async {
            records_of(&parts.engine, "peakpro-roofing").await;
            first_run(&parts.engine, "lostkey-construction").await
        } => lost,
        () = tokio::time::sleep(Duration::from_secs(60)) => panic!("nothing was imported"),
    };

    assert_eq!(lost.error, Some(ErrorKind::Auth), "{}", lost.message);
    let seen = parts.engine.metrics().render(&parts.engine.census().await.unwrap(), true);
    assert!(seen.contains("endpoint=\"/jobs\""), "upstream requests are not counted:\n{seen}");
}

/// Returns once the tenant has imported records.
async fn records_of(engine: &Engine, tenant: &str) {
    let query = ImportedQuery { key: key(tenant), entity: None, changed_since: None, cursor: None, limit: 1 };
    while engine.store().imported(&query).await.unwrap().rows.is_empty() {
        engine.clock().sleep(Duration::from_millis(20)).await;
    }
}

async fn first_run(engine: &Engine, tenant: &str) -> LastRun {
    loop {
        let record = engine.store().load(&key(tenant)).await.unwrap().unwrap();
        if let Some(last) = record.schedule.as_ref().and_then(|schedule| schedule.last.as_ref()) {
            return LastRun::clone(last);
        }
        engine.clock().sleep(Duration::from_millis(20)).await;
    }
}

fn key(tenant: &str) -> Key {
    Key::new(acculynx().unwrap(), Tenant::parse(tenant).unwrap())
}
