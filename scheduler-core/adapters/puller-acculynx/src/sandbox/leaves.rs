//! What hangs off a job, and the details of single records.

use serde_json::{Value, json};

use super::answer::{Answer, found, missing, nothing};
use super::location::{Job, Location};

impl Location {
    fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// The detail of a job; leads that nobody is assigned to have none.
    pub(super) fn job_detail(&self, id: &str) -> Answer {
        let job = self.job(id).filter(|job| job.assigned);
        job.map_or_else(missing, |job| found(&self.job_item(job, true)))
    }

    pub(super) fn job_leaf(&self, id: &str, leaf: &[&str]) -> Answer {
        let Some(job) = self.job(id) else { return missing() };
        match leaf {
            ["financials"] => found(&self.financials(job)),
            ["invoices"] => envelope(self.invoices(job)),
            ["contacts"] => found(&json!({"items": self.job_item(job, true)["contacts"]})),
            ["custom-fields"] => envelope(vec![json!({
                "id": self.guid(20, job.number), "label": "Roof colour", "fieldType": "Text",
                "values": ["Slate"], "formattedValues": ["Slate"], "modifiedDate": job.created.iso(),
            })]),
            _ if !job.assigned => missing(),
            ["representatives"] => envelope(vec![json!({
                "id": self.guid(10, job.number << 8 | job.edits & 0xff), "type": "CompanyRepresentative",
                "user": {"id": self.guid(7, job.number % self.users.max(1) as u64 + 1)},
            })]),
            ["representatives", "company"] => {
                found(&json!({"user": {"id": self.guid(7, job.number % self.users.max(1) as u64 + 1)}}))
            }
            ["representatives", "sales-owner" | "ar-owner"] => nothing(),
            ["estimates"] => envelope(self.estimate_stubs(job)),
            ["milestone-history"] => found(&json!({"items": [{"name": "Lead", "date": job.created.iso()}]})),
            ["initial-appointment"] => found(&json!({"startDate": "", "endDate": "", "notes": ""})),
            _ => missing(),
        }
    }

    fn financials(&self, job: &Job) -> Value {
        let value = 1000 + job.number % 900 + job.edits * 10;
        json!({
            "id": self.guid(11, job.number), "jobId": job.id, "approvedJobValue": value, "balanceDue": value / 2,
            "worksheetSectionTotals": {"worksheetTotal": value},
        })
    }

    fn invoices(&self, job: &Job) -> Vec<Value> {
        let voided = job.number.is_multiple_of(11);
        let due = if voided { String::new() } else { job.created.iso() };
        let invoice = json!({
            "id": self.guid(12, job.number), "jobId": job.id, "invoiceNumber": format!("INV-{}", job.number),
            "invoiceDate": due, "dueDate": due, "createdDate": job.created.iso(),
            "currentInvoiceState": if voided { "Void" } else { "Unpaid" }, "totalPrice": 500.0,
        });
        if job.assigned && job.number.is_multiple_of(2) { vec![invoice] } else { Vec::new() }
    }

    pub(super) fn estimate_stubs(&self, job: &Job) -> Vec<Value> {
        let stub = json!({"id": self.guid(13, job.number), "isPrimary": true, "job": {"id": job.id}});
        if job.number.is_multiple_of(3) { vec![stub] } else { Vec::new() }
    }

    pub(super) fn estimate_detail(&self, id: &str) -> Answer {
        let job = self.jobs.iter().find(|job| self.guid(13, job.number) == id);
        job.map_or_else(missing, |job| {
            found(&json!({
                "id": id, "title": format!("Roof of {}", job.name), "isPrimary": true, "job": {"id": job.id},
                "createdDate": job.created.iso(), "modifiedDate": job.modified.iso(),
                "financials": {"totalPrice": 4_200 + job.edits},
            }))
        })
    }

    pub(super) fn invoice_detail(&self, id: &str) -> Answer {
        let invoice = self.jobs.iter().flat_map(|job| self.invoices(job)).find(|invoice| invoice["id"] == id);
        invoice.map_or_else(missing, |invoice| found(&invoice))
    }
}

fn envelope(items: Vec<Value>) -> Answer {
    found(&json!({"count": items.len(), "pageSize": 25, "pageStartIndex": 0, "items": items}))
}
