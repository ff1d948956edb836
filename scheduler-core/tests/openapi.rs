//! The document in `docs/` is what the router says.
#![cfg(feature = "rest")]
#![expect(clippy::unwrap_used, reason = "a test that can not go on may panic")]

use std::collections::BTreeSet;
use std::path::Path;

use scheduler_core::rest::{document, policies};
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

fn operations() -> Vec<(String, String, Value)> {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{method} {path}");
            operations.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    operations
}

#[test]
fn the_document_in_docs_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let said = document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &said).unwrap();
    }

    let kept = std::fs::read_to_string(&path).unwrap_or_default();

    assert!(kept == said, "docs/openapi.json is stale: run this test with UPDATE_GOLDEN=1");
}

#[test]
fn every_operation_has_a_policy_and_every_policy_an_operation() {
    let operations = operations();
    let named: BTreeSet<_> =
        operations.iter().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    let ruled: BTreeSet<_> = policies().iter().map(|policy| policy.operation).collect();

    assert_eq!(named, ruled);
    assert_eq!(named.len(), operations.len(), "an operation's name is used twice");
}

#[test]
fn every_success_has_a_typed_body() {
    for (path, method, operation) in operations() {
        let responses = operation["responses"].as_object().unwrap();
        let success = responses.iter().filter(|(status, _)| status.starts_with('2'));
        for (status, response) in success {
            let content = response["content"].as_object();
            let content = content.unwrap_or_else(|| panic!("{method} {path} {status} has no body"));
            for (kind, body) in content {
                let typed = body["schema"]["$ref"].is_string() || kind != "application/json";
                assert!(typed, "{method} {path} {status} {kind} has no type");
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);

    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                references.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
