export interface Message {
  event: string;
  data: string;
  id: string | undefined;
}

/** Reads Server-Sent Events out of text that arrives in pieces. Comments give a message without data. */
export class SseParser {
  #rest = "";
  #message: Message = { event: "message", data: "", id: undefined };

  push(text: string): Message[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    const done: Message[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.#message.data !== "") done.push(this.#message);
        this.#message = { event: "message", data: "", id: undefined };
        continue;
      }
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === "event") this.#message.event = value;
      else if (name === "id") this.#message.id = value;
      else if (name === "data") {
        this.#message.data += this.#message.data === "" ? value : `\n${value}`;
      }
    }
    return done;
  }
}
