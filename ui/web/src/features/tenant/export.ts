import { http, problem } from "../../shared/api/http.ts";
import { saveFile } from "../../shared/ui/save.ts";
import { toastError } from "../../shared/ui/toasts.tsx";

/** Saves all records of a tenant as a file. The tenant goes into a header, so a plain link will not do. */
export async function openExport(
  source: string,
  tenant: string,
  entity: string | undefined,
  format: "csv" | "ndjson",
): Promise<void> {
  try {
    const { data, error, response } = await http.GET("/api/crm/import/{source}/records/export", {
      params: {
        path: { source },
        query: { format, ...(entity ? { entity } : {}) },
        header: { "x-tenant": tenant },
      },
      parseAs: "blob",
    });
    if (!response.ok || !data) throw problem(error, response);
    const blob = data as Blob;
    saveFile(`${tenant}-${entity ?? "records"}.${format}`, blob, blob.type);
  } catch (error) {
    toastError("Export", error);
  }
}
