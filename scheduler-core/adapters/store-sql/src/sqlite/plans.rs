//! Every list must be a walk along an index, in the index's order.

use super::super::{Options, Sqlite, reads, schema};
use super::*;
use scheduler_core::domain::{Operation, Timestamp};

#[test]
fn no_list_scans_a_table_or_sorts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let _store = Sqlite::open(&path, Options::default()).unwrap();
    let conn = schema::connect(&path, schema::Purpose::Read).unwrap();

    let mut statements: Vec<String> =
        [CHAINS, CHAIN, reads::RUN, reads::OCCURRENCES, reads::OF_ALL, reads::OF_ENTITY, reads::UNSEEN]
            .map(String::from)
            .into();
    for walk in walks() {
        for stretch in [Stretch::Source(1), Stretch::Record(1)] {
            statements.push(walk.listing(stretch));
            statements.push(walk.sql("count(*)", stretch));
        }
    }

    for sql in statements {
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps =
            explain.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>().unwrap();
        // There are as many sources as kinds of pullers.
        for step in steps.iter().filter(|step| !step.starts_with("SCAN sources")) {
            assert!(!step.contains("SCAN") && !step.contains("TEMP B-TREE"), "{step} in {sql}");
        }
    }
}

fn walks() -> Vec<Walk> {
    let states = [None, Some(RunState::Running), Some(RunState::Failed), Some(RunState::Succeeded)];
    let triggers = [None, Some(Trigger::Manual), Some(Trigger::Schedule)];
    let mut walks = Vec::new();
    for (state, trigger) in states.into_iter().flat_map(|state| triggers.map(|trigger| (state, trigger))) {
        let query = RunQuery {
            source: Source::parse("acculynx").unwrap(),
            scope: Scope::All,
            state,
            trigger,
            since: Some(Timestamp::MIN),
            until: None,
            cursor: None,
            limit: 10,
        };
        walks.push(Walk::runs(&query).unwrap());
    }
    for (operation, actor) in [(false, false), (false, true), (true, false), (true, true)] {
        let query = AuditQuery {
            source: Source::parse("acculynx").unwrap(),
            scope: Scope::All,
            operation: operation.then_some(Operation::Pause),
            actor: actor.then(|| "ann".to_owned()),
            since: None,
            until: None,
            cursor: None,
            limit: 10,
        };
        walks.push(Walk::audit(&query, None).unwrap());
    }
    walks
}
