export type CsvValue = string | number | boolean | null | undefined;

/** One cell: quoted where needed, and so that no spreadsheet takes text for a formula. */
export function cell(value: CsvValue): string {
  if (value == null) return "";
  const text =
    typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csv(head: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
