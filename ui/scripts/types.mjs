// Writes the API's types from its OpenAPI document; with --check, fails when they are stale.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../docs/openapi.json", import.meta.url);
const target = new URL("../web/src/shared/api/schema.d.ts", import.meta.url);

export async function generate() {
  const document = JSON.parse(await readFile(source, "utf8"));
  return `// Generated from docs/openapi.json by \`npm run types\`. Do not edit.\n\n${astToString(await openapiTS(document, { defaultNonNullable: false }))}`;
}

export async function stored() {
  return readFile(target, "utf8").catch(() => "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const types = await generate();
  if (!process.argv.includes("--check")) {
    await writeFile(target, types);
  } else if (types !== (await stored())) {
    console.error("The API's types are stale: run `npm run types`.");
    process.exit(1);
  }
}
