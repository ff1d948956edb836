import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

const here = import.meta.dirname;
const dist = path.join(here, "../dist");

/** Where the program is: a build of the workspace, unless told otherwise. */
function program(): string {
  const names = ["../../target/release/command-center", "../../target/debug/command-center"];
  const found = names.map((name) => path.join(here, name)).find(existsSync);
  const chosen = process.env.COMMAND_CENTER_BIN ?? found;
  if (!chosen) throw new Error("build the program first, or name it with COMMAND_CENTER_BIN");
  return chosen;
}

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

export interface Running {
  url: string;
  stop(): void;
  /** Ends the program alone, as a crash would; the front stays. */
  kill(): void;
}

/** Starts the program in a new data directory, with the web app that is in `dist/`. */
export async function start({
  demo = true,
  args = [] as string[],
  env = {},
} = {}): Promise<Running> {
  const data = mkdtempSync(path.join(tmpdir(), "command-center-"));
  const child = spawn(
    program(),
    ["serve", ...(demo ? ["--demo"] : []), "--listen", "127.0.0.1:0", ...args],
    { env: { ...process.env, ...env, COMMAND_CENTER_DATA_DIR: data, NO_COLOR: "1" } },
  );
  const url = await ready(child);
  const front = (await isCurrent(url)) ? undefined : await withDist(url);
  const address = front?.address();
  return {
    url: typeof address === "object" && address ? `http://127.0.0.1:${address.port}` : url,
    kill: () => child.kill("SIGKILL"),
    stop() {
      front?.closeAllConnections();
      front?.close();
      child.kill();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const url = /ready at (http:\/\/[\w.:]+)/.exec(output)?.[1];
      if (url) resolve(url);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.on("exit", (code) => reject(new Error(`the program ended with ${code}: ${output}`)));
  });
}

/** Whether the program has this very web app inside. */
async function isCurrent(url: string): Promise<boolean> {
  const page = await fetch(url, { headers: { accept: "text/html" } });
  return (await page.text()) === readFileSync(path.join(dist, "index.html"), "utf8");
}

/** Puts `dist/` in front of a program that was built with another one, under the program's own headers. */
async function withDist(url: string): Promise<Server> {
  const page = await fetch(url, { headers: { accept: "text/html" } });
  const names = ["content-security-policy", "x-content-type-options", "referrer-policy"];
  const headers = Object.fromEntries(names.map((name) => [name, page.headers.get(name) ?? ""]));
  const server = createServer((incoming, answer) => {
    const target = incoming.url ?? "/";
    const name = target.split("?")[0] ?? "/";
    if (/^\/(api|ops|metrics|openapi\.json)/.test(name)) {
      const upstream = request(
        url + target,
        { method: incoming.method, headers: { ...incoming.headers, host: new URL(url).host } },
        (reply) => {
          answer.writeHead(reply.statusCode ?? 502, reply.headers);
          answer.flushHeaders();
          reply.pipe(answer);
        },
      );
      upstream.on("error", () => answer.destroy());
      answer.on("close", () => upstream.destroy());
      incoming.pipe(upstream);
      return;
    }
    const file = path.join(dist, name === "/" ? "index.html" : name);
    const isPage = !existsSync(file) && (incoming.headers.accept ?? "").includes("text/html");
    const found = isPage ? path.join(dist, "index.html") : file;
    if (!existsSync(found)) {
      answer.writeHead(404).end();
      return;
    }
    const type = types[path.extname(found)] ?? "application/octet-stream";
    answer.writeHead(200, { ...headers, "content-type": type, "cache-control": "no-cache" });
    answer.end(readFileSync(found));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
