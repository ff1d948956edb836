//! What was imported, as it is kept.

use std::sync::Arc;

use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::query::{PAGE, Params, cursor};
use super::reply::json;
use super::views::AnyJson;
use crate::domain::{Imported, Key, Role};
use crate::ports::ImportedQuery;

/// An imported record.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportedRecord)]
pub(super) struct RecordView<'a> {
    /// Its kind, such as `jobs`.
    entity: &'a str,
    /// Its name at the upstream.
    external_id: &'a str,
    /// When the upstream says that it changed.
    modified: Option<Epoch>,
    modified_iso: Option<Iso>,
    /// When its content last changed here.
    imported_at: Epoch,
    imported_at_iso: Iso,
    /// Whether the upstream no longer has it.
    gone: bool,
    /// Its content.
    #[schema(value_type = AnyJson)]
    data: &'a RawValue,
}

impl<'a> RecordView<'a> {
    pub(super) fn new(record: &'a Imported) -> Self {
        Self {
            entity: &record.entity,
            external_id: &record.external_id,
            modified: record.modified.map(Epoch),
            modified_iso: record.modified.map(Iso),
            imported_at: Epoch(record.imported_at),
            imported_at_iso: Iso(record.imported_at),
            gone: record.gone,
            data: &record.data,
        }
    }
}

/// One page of imported records.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordsAnswer)]
struct Records<'a> {
    ok: bool,
    records: Vec<RecordView<'a>>,
    next_cursor: Option<String>,
}

/// One imported record.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordAnswer)]
struct OneRecord<'a> {
    ok: bool,
    record: RecordView<'a>,
}

/// Which records are wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `query` reads")]
struct RecordsQuery {
    /// Only of this kind.
    #[param(required = false, example = "jobs", max_length = 64)]
    entity: Option<String>,
    /// Whose content changed here at or after: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    changed_since: Option<String>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[param(max_length = 1024, required = false)]
    cursor: Option<String>,
}

/// Reads the filters.
pub(super) fn query(params: &Params, key: &Key) -> Result<ImportedQuery> {
    let entity = params.bounded("entity", 64)?;
    let well_formed = |text: &str| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
    };
    if entity.is_some_and(|entity| !well_formed(entity)) {
        return Err(Error::field("entity", "must be lower-case letters, digits, _ and -"));
    }
    Ok(ImportedQuery {
        key: key.clone(),
        entity: entity.map(Arc::from),
        changed_since: params.instant("changed_since")?,
        cursor: params.cursor("records")?,
        limit: params.limit(PAGE)?,
    })
}

/// List the tenant's imported records.
#[utoipa::path(get, path = "/api/crm/import/{source}/records", tag = "records", operation_id = "listRecords",
    params(RecordsQuery), responses((status = 200, description = "The records", body = Records<'static>)))]
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let page = shared.engine.store().imported(&query(&params, &grant.key)?).await?;
    json(&Records {
        ok: true,
        records: page.rows.iter().map(RecordView::new).collect(),
        next_cursor: page.next.map(|next| cursor("records", &next)),
    })
}

/// Read one imported record.
#[utoipa::path(get, path = "/api/crm/import/{source}/records/{entity}/{external_id}", tag = "records",
    operation_id = "getRecord",
    params(("entity" = String, Path, description = "Its kind"),
        ("external_id" = String, Path, description = "Its name at the upstream")),
    responses((status = 200, description = "The record", body = OneRecord<'static>)))]
pub(super) async fn get(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let entity = call.segment("entity")?;
    let external_id = call.segment("external_id")?;
    let shared = &call.shared;
    let record = shared.engine.store().imported_one(&grant.key, &entity, &external_id).await?;
    let record = record.ok_or(Error::NotFound("record"))?;
    json(&OneRecord { ok: true, record: RecordView::new(&record) })
}
