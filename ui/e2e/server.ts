import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const here = import.meta.dirname;

/** Where the program is: a build of the workspace, unless told otherwise. */
function program(): string {
  const built =
    process.env.COMMAND_CENTER_BIN ?? path.join(here, "../../target/debug/command-center");
  if (!existsSync(built)) throw new Error(`there is no ${built}: \`make test-ui\` builds it`);
  return built;
}

export interface Running {
  url: string;
  stop(): Promise<void>;
}

/** Starts the program on a new data directory. It has to hold the web app that is in `dist/`. */
export async function start({ demo = true, args = [] as string[] } = {}): Promise<Running> {
  const data = mkdtempSync(path.join(tmpdir(), "command-center-"));
  const flags = [...(demo ? ["--demo"] : []), "--listen", "127.0.0.1:0", ...args];
  const child = spawn(program(), ["serve", ...flags], {
    env: { ...process.env, COMMAND_CENTER_DATA_DIR: data, NO_COLOR: "1" },
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const url = await ready(child);
    await expectCurrent(url);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
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

async function expectCurrent(url: string): Promise<void> {
  const page = await fetch(url, { headers: { accept: "text/html" } });
  if ((await page.text()) !== readFileSync(path.join(here, "../dist/index.html"), "utf8")) {
    throw new Error("the program holds another build of the web app: `make test-ui` builds both");
  }
}
