import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { entry } from "../../test/fixtures.ts";
import { show } from "../../test/render.tsx";
import { base, refusal, server } from "../../test/server.ts";
import { ExportLinks, exportPath, Trail } from "./trail.tsx";

const page = (audit: ReturnType<typeof entry>[], next: string | null = null) =>
  HttpResponse.json({ ok: true, audit, total: 51, next_cursor: next });

it("waits, fails and tries again, and may be empty", async () => {
  server.use(http.get(`*${base}/audit`, () => refusal(500, "internal")));
  show(<Trail filter={{}} />);
  expect(screen.getByRole("status", { name: "Loading audit entries" })).toBeVisible();
  expect(await screen.findByRole("alert")).toHaveTextContent("internal");
  server.use(http.get(`*${base}/audit`, () => page([])));
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(await screen.findByRole("heading", { name: "No entries" })).toBeVisible();
});

it("shows the latest fifty, and older ones on request", async () => {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get(`*${base}/audit`, ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      return query.has("cursor")
        ? page([entry({ id: "02", operation: "schedule" })])
        : page(
            [
              entry({
                operation: "edit",
                before: { interval_sec: 60 },
                after: { interval_sec: 300 },
              }),
            ],
            "c1",
          );
    }),
  );
  show(<Trail filter={{ operation: "edit" }} />);
  const box = await screen.findByRole("region", { name: "Audit entries" });
  expect(asked[0]?.get("limit")).toBe("50");
  expect(asked[0]?.get("operation")).toBe("edit");
  expect(box).toHaveTextContent("ada (operator, ui)");
  expect(box).toHaveTextContent("2026-11-22T12:19:30Z");
  expect(box).toHaveTextContent("60 → 300");
  expect(within(box).getByRole("link", { name: "acme" })).toHaveAttribute("href", "/tenants/acme");
  await userEvent.click(screen.getByRole("button", { name: "Load older" }));
  await waitFor(() => expect(within(box).getByText("schedule")).toBeVisible());
});

it("exports what is filtered, whole", () => {
  expect(exportPath("acculynx", { tenant: "acme", operation: "pause" }, "csv")).toBe(
    "/api/crm/import/acculynx/audit/export?format=csv&tenant=acme&operation=pause",
  );
  show(<ExportLinks filter={{ tenant: "acme" }} />);
  expect(screen.getByRole("link", { name: "CSV" })).toHaveAttribute(
    "download",
    expect.stringMatching(/^audit-acme-\d{8}T\d{4}Z\.csv$/),
  );
  expect(screen.getByRole("link", { name: "JSON" })).toBeVisible();
});
