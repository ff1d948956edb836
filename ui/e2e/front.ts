import { createServer, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Front {
  url: string;
  /** Lets every connection break off, as a network does that is gone; the browser is not told. */
  lose(): void;
  find(): void;
  /** Puts another body in the place of the file that the program would give. */
  rewrite(path: string, body: (original: string) => string): void;
  stop(): void;
}

/** Stands between the browser and the program, and hands everything on as it is. */
export async function front(target: string): Promise<Front> {
  const { hostname, port, host } = new URL(target);
  const rewrites = new Map<string, (original: string) => string>();
  const sockets = new Set<Socket>();
  let isLost = false;

  const server = createServer((incoming, answer) => {
    const rewrite = rewrites.get(incoming.url ?? "");
    const headers = { ...incoming.headers, host };
    if (rewrite) {
      headers["accept-encoding"] = "identity";
      delete headers["if-none-match"];
    }
    const { method, url: path } = incoming;
    const onward = request({ hostname, port, path, method, headers, agent: false }, (reply) => {
      if (rewrite) return void rewritten(reply, answer, rewrite);
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      answer.flushHeaders();
      reply.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.on("connection", (socket) => {
    if (isLost) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose() {
      isLost = true;
      for (const socket of sockets) socket.destroy();
    },
    find() {
      isLost = false;
    },
    rewrite: (path, body) => void rewrites.set(path, body),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function rewritten(
  reply: import("node:http").IncomingMessage,
  answer: ServerResponse,
  rewrite: (original: string) => string,
): Promise<void> {
  let text = "";
  for await (const chunk of reply.setEncoding("utf8")) text += chunk;
  const { "content-length": _, etag: __, ...headers } = reply.headers;
  answer.writeHead(reply.statusCode ?? 502, headers);
  answer.end(rewrite(text));
}
