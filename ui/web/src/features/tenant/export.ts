import { http, problem } from "../../shared/api/http.ts";
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
    const link = document.createElement("a");
    link.href = URL.createObjectURL(data as Blob);
    link.download = `${tenant}-${entity ?? "records"}.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    toastError("Export", error);
  }
}
