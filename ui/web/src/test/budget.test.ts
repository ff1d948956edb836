// @vitest-environment node
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ui = path.join(import.meta.dirname, "../../..");
const out = mkdtempSync(path.join(tmpdir(), "command-center-ui-"));
const names = () => readdirSync(path.join(out, "assets"));
const raw = (name: string) => readFileSync(path.join(out, name));
const packed = (name: string) => gzipSync(raw(name), { level: 9 }).length;
const kB = 1000;

describe("what the browser has to load", () => {
  let initial: string[] = [];

  beforeAll(() => {
    const { VITEST: _, ...env } = process.env;
    execFileSync(
      process.execPath,
      [
        "node_modules/vite/bin/vite.js",
        "build",
        "--logLevel=error",
        `--outDir=${out}`,
        "--emptyOutDir",
      ],
      { cwd: ui, env: { ...env, NODE_ENV: "production" }, stdio: "pipe" },
    );
    const page = raw("index.html").toString();
    initial = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, name]) => name ?? "");
  }, 120_000);
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it("stays small at first", () => {
    const sum = (end: string) =>
      initial.filter((name) => name.endsWith(end)).reduce((all, name) => all + packed(name), 0);
    expect(sum(".js")).toBeGreaterThan(50 * kB);
    expect(sum(".js")).toBeLessThanOrEqual(120 * kB);
    expect(sum(".css")).toBeLessThanOrEqual(12 * kB);
  });

  it("loads the rest in small pieces", () => {
    const lazy = names().filter((name) => !initial.includes(`assets/${name}`));
    expect(lazy.length).toBeGreaterThan(5);
    for (const name of lazy) expect(packed(`assets/${name}`), name).toBeLessThanOrEqual(40 * kB);
  });

  it("keeps a small shell for offline", () => {
    const worker = raw("sw.js").toString();
    const shell = new Set([...worker.matchAll(/url:"([^"]+)"/g)].map(([, name]) => name ?? ""));
    expect(shell).toContain("index.html");
    const sizes = [...shell].map((name) => raw(name).length);
    expect(sizes.reduce((all, size) => all + size, 0)).toBeLessThanOrEqual(700 * kB);
  });

  it("has no script and no style in its page: the policy forbids them", () => {
    const page = raw("index.html").toString();
    expect(page).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
  });

  it("never answers for the server, and only hands over when asked", () => {
    const worker = raw("sw.js").toString();
    expect(worker).toMatch(/denylist:\[\/\^\\\/api/);
    expect(worker).toContain("SKIP_WAITING");
    expect(worker).not.toMatch(/shot-/);
  });
});
