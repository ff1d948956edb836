//! Whole lists as one streamed file, a page at a time.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, Stream};
use http::{HeaderValue, Method, header};

use super::audit::{self, EntryView, TrailQuery};
use super::call::Call;
use super::problem::{Error, Result};
use super::query::LONGEST_PAGE;
use super::records::{self, RecordView};
use crate::domain::{AuditEntry, Imported, Json, Role, Timestamp};
use crate::ports::{AuditQuery, ImportedQuery, Store, StoreError};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Json,
    Ndjson,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" => Some(Self::Ndjson),
            _ => None,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }
}

/// Quotes a cell, and keeps a spreadsheet from taking it for a formula.
fn cell(line: &mut String, text: &str) {
    line.push('"');
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0', '\n']) {
        line.push('\'');
    }
    for c in text.chars() {
        match c {
            '"' => line.push_str("\"\""),
            '\0' => {}
            c => line.push(c),
        }
    }
    line.push('"');
}

fn line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut line = String::new();
    for text in cells {
        if !line.is_empty() {
            line.push(',');
        }
        cell(&mut line, text.as_ref());
    }
    line.push_str("\r\n");
    line
}

/// What a file lists.
enum List {
    Audit(AuditQuery),
    Records(ImportedQuery),
}

/// One row of a file.
enum Row {
    Entry(AuditEntry),
    Record(Imported),
}

impl List {
    /// Its name in JSON.
    fn name(&self) -> &'static str {
        match self {
            Self::Audit(_) => "audit",
            Self::Records(_) => "records",
        }
    }

    /// The names of the columns.
    fn head(&self) -> &'static [&'static str] {
        match self {
            Self::Audit(_) => &[
                "id",
                "ts",
                "ts_iso",
                "tenant",
                "operation",
                "source",
                "actor",
                "role",
                "request_id",
                "metadata",
                "before",
                "after",
                "seq",
            ],
            Self::Records(_) => &["entity", "external_id", "modified_iso", "imported_at_iso", "gone", "data"],
        }
    }

    /// The rows of the next page, and whether there are more.
    async fn page(&mut self, store: &dyn Store) -> Result<(Vec<Row>, bool), StoreError> {
        let (rows, more) = match self {
            Self::Audit(query) => {
                let page = store.audit(query).await?;
                query.cursor = page.next;
                (page.rows.into_iter().map(Row::Entry).collect(), query.cursor.is_some())
            }
            Self::Records(query) => {
                let page = store.imported(query).await?;
                query.cursor = page.next;
                (page.rows.into_iter().map(Row::Record).collect(), query.cursor.is_some())
            }
        };
        Ok((rows, more))
    }

    fn rendered(&self, format: Format, rows: &[Row], first: bool, last: bool) -> Bytes {
        let mut text = String::new();
        if first {
            match format {
                Format::Csv => text.push_str(&line(self.head())),
                Format::Json => text.push_str(&format!("{{\"ok\":true,\"{}\":[", self.name())),
                Format::Ndjson => {}
            }
        }
        for (place, row) in rows.iter().enumerate() {
            match format {
                Format::Csv => text.push_str(&line(row.cells())),
                Format::Json | Format::Ndjson => {
                    if format == Format::Json && !(first && place == 0) {
                        text.push(',');
                    }
                    text.push_str(&row.json());
                    if format == Format::Ndjson {
                        text.push('\n');
                    }
                }
            }
        }
        if last && format == Format::Json {
            text.push_str("]}");
        }
        text.into()
    }

    /// The file, a page at a time.
    fn written(
        self,
        format: Format,
        store: Arc<dyn Store>,
    ) -> impl Stream<Item = Result<Bytes, StoreError>> + Send {
        stream::try_unfold((Some(self), true), move |(list, first)| {
            let store = store.clone();
            async move {
                let Some(mut list) = list else { return Ok(None) };
                let (rows, more) = list.page(&*store).await?;
                let bytes = list.rendered(format, &rows, first, !more);
                Ok(Some((bytes, (more.then_some(list), false))))
            }
        })
    }
}

impl Row {
    fn json(&self) -> String {
        match self {
            Self::Entry(entry) => serde_json::to_string(&EntryView::new(entry)),
            Self::Record(record) => serde_json::to_string(&RecordView::new(record)),
        }
        .unwrap_or_default()
    }

    fn cells(&self) -> Vec<String> {
        let json = |value: &Json| if value.is_null() { String::new() } else { value.as_str().to_owned() };
        match self {
            Self::Entry(entry) => vec![
                entry.id.to_string(),
                entry.ts.epoch_secs().to_string(),
                entry.ts.iso(),
                if entry.key.is_system() { String::new() } else { entry.key.tenant.to_string() },
                entry.operation.as_str().into(),
                serde_json::to_value(entry.source)
                    .ok()
                    .and_then(|via| via.as_str().map(str::to_owned))
                    .unwrap_or_default(),
                entry.actor.to_string(),
                entry.role.as_str().into(),
                entry.request_id.as_deref().unwrap_or_default().into(),
                json(&entry.metadata),
                entry.before.as_ref().map(json).unwrap_or_default(),
                entry.after.as_ref().map(json).unwrap_or_default(),
                entry.seq.to_string(),
            ],
            Self::Record(record) => vec![
                record.entity.to_string(),
                record.external_id.to_string(),
                record.modified.map(Timestamp::iso).unwrap_or_default(),
                record.imported_at.iso(),
                record.gone.to_string(),
                record.data.get().to_owned(),
            ],
        }
    }
}

fn file(call: &Call, name: &str, format: Format, list: List) -> Result<Response> {
    let shared = &call.shared;
    // To the second, such as 20270115T080000Z.
    let stamp = shared.now().iso().replace(['-', ':'], "");
    let disposition = format!("attachment; filename=\"{name}-{stamp:.15}Z.{}\"", format.extension());
    let body = if call.parts.method == Method::HEAD {
        Body::empty()
    } else {
        Body::from_stream(list.written(format, shared.engine.store().clone()))
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Error::Internal)?;
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// How the file is written.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct FormatQuery {
    /// The format of the file.
    #[param(required = false, inline)]
    format: Option<AuditFormat>,
}

/// The formats of the audit trail.
#[derive(utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents what the handler reads")]
enum AuditFormat {
    Csv,
    Json,
    Ndjson,
}

/// Export the audit trail, newest first.
#[utoipa::path(get, path = "/api/crm/import/{source}/audit/export", tag = "audit", operation_id = "exportAudit",
    params(FormatQuery, TrailQuery),
    responses((status = 200, description = "The entries as a file",
        content((String = "text/csv"), (audit::ExportedTrail = "application/json"), (String = "application/x-ndjson")))))]
pub(super) async fn audit_trail(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let format =
        params.choice("format", Format::parse, || "csv, json, ndjson".into())?.unwrap_or(Format::Csv);
    let mut query = audit::query(&params, grant.source.clone(), &grant.principal.scope)?;
    query.limit = LONGEST_PAGE;
    let mut name = format!("audit-{}", grant.source);
    if let Some(tenant) = params.tenant()? {
        name.push_str(&format!("-{tenant}"));
    }
    if let Some(operation) = query.operation {
        name.push_str(&format!("-{}", operation.as_str()));
    }
    // The first page is read before the answer begins, so that a bad cursor is refused properly.
    shared.engine.store().audit(&AuditQuery { limit: 1, ..query.clone() }).await?;
    file(call, &name, format, List::Audit(query))
}

/// Which records are wanted, and how.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct RecordsExportQuery {
    /// Only of this kind.
    #[param(required = false, example = "jobs", max_length = 64)]
    entity: Option<String>,
    /// Whose content changed here at or after: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    changed_since: Option<String>,
    /// The format of the file.
    #[param(required = false, inline)]
    format: Option<RecordsFormat>,
}

/// The formats of imported records.
#[derive(utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents what the handler reads")]
enum RecordsFormat {
    Ndjson,
    Csv,
}

/// Export the tenant's imported records.
#[utoipa::path(get, path = "/api/crm/import/{source}/records/export", tag = "records",
    operation_id = "exportRecords", params(RecordsExportQuery),
    responses((status = 200, description = "The records as a file",
        content((String = "application/x-ndjson"), (String = "text/csv")))))]
pub(super) async fn imported(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let read = |text: &str| Format::parse(text).filter(|format| *format != Format::Json);
    let format = params.choice("format", read, || "ndjson, csv".into())?.unwrap_or(Format::Ndjson);
    let mut query = records::query(&params, &grant.key)?;
    query.limit = LONGEST_PAGE;
    shared.engine.store().imported(&ImportedQuery { limit: 1, ..query.clone() }).await?;
    let entity = query.entity.as_deref().unwrap_or("records").to_owned();
    let name = format!("{}-{}-{entity}", grant.key.source, grant.key.tenant);
    file(call, &name, format, List::Records(query))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn no_cell_begins_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r", "\n", "\0"] {
            assert!(line([format!("{start}cmd()")]).starts_with("\"'"), "{start:?}");
        }
        assert_eq!(line(["a", "say \"x\", y"]), "\"a\",\"say \"\"x\"\", y\"\r\n");
    }
}
