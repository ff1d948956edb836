// @vitest-environment node
import { expect, it } from "vitest";
// @ts-expect-error a plain script, shared with the command line
import { generate, stored } from "../../../../scripts/types.mjs";

it("has the types of the API as it is documented", async () => {
  expect((await stored()) === (await generate()), "stale: run `npm run types`").toBe(true);
});
