/** One connection of HTTP/1.1, by hand: it says exactly what it is told to say, and costs little. */

/** An answer. */
export interface Answer {
  /** Its status. */
  readonly status: number;
  /** Its headers, names in small letters. */
  readonly headers: Map<string, string>;
  /** Its body, as text. */
  readonly body: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A connection on loopback. */
export class Connection implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #buffer = new Uint8Array(64 * 1024);
  #pending: Uint8Array<ArrayBuffer> = new Uint8Array();

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects. */
  static async to(port: number): Promise<Connection> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new Connection(conn);
  }

  /** Says something, as it is. */
  async say(text: string | Uint8Array): Promise<void> {
    let bytes = typeof text === "string" ? encoder.encode(text) : text;
    while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
  }

  /** Sends a request. */
  async request(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    const bytes = body === undefined ? undefined : encoder.encode(body);
    const all = { host: "127.0.0.1", ...headers, ...(bytes && { "content-length": String(bytes.length) }) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    await this.say(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body ?? ""}`);
    return (await this.answer(method === "HEAD"))!;
  }

  /** Waits for an answer; `undefined` at the end of the connection. */
  async answer(withoutBody = false): Promise<Answer | undefined> {
    const head = await this.#until("\r\n\r\n");
    if (head === undefined) return undefined;
    const [first = "", ...lines] = head.split("\r\n");
    const headers = new Map(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const status = Number(first.split(" ")[1]);
    if (withoutBody || status === 204 || status === 304) return { status, headers, body: "" };
    const body = headers.get("transfer-encoding") === "chunked"
      ? await this.#chunks()
      : decoder.decode(await this.#take(Number(headers.get("content-length") ?? 0)));
    return { status, headers, body };
  }

  /** The text up to an end, which is taken too; `undefined` if the connection ends before. */
  async #until(end: string): Promise<string | undefined> {
    const mark = encoder.encode(end);
    for (let from = 0;;) {
      const at = this.#find(mark, from);
      if (at >= 0) {
        const text = decoder.decode(this.#pending.subarray(0, at));
        this.#pending = this.#pending.subarray(at + mark.length);
        return text;
      }
      from = Math.max(0, this.#pending.length - mark.length);
      if (!await this.#more()) return undefined;
    }
  }

  #find(mark: Uint8Array, from: number): number {
    for (let at = from; at + mark.length <= this.#pending.length; at++) {
      if (mark.every((byte, index) => this.#pending[at + index] === byte)) return at;
    }
    return -1;
  }

  async #take(length: number): Promise<Uint8Array> {
    while (this.#pending.length < length) {
      if (!await this.#more()) throw new Error("the connection ended within a body");
    }
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }

  async #chunks(): Promise<string> {
    let text = "";
    while (true) {
      const length = parseInt(await this.#until("\r\n") ?? "", 16);
      if (Number.isNaN(length)) throw new Error("the connection ended within a body");
      text += decoder.decode(await this.#take(length));
      await this.#until("\r\n");
      if (length === 0) return text;
    }
  }

  async #more(): Promise<boolean> {
    const read = await this.#conn.read(this.#buffer);
    if (read === null) return false;
    const joined = new Uint8Array(this.#pending.length + read);
    joined.set(this.#pending);
    joined.set(this.#buffer.subarray(0, read), this.#pending.length);
    this.#pending = joined;
    return true;
  }

  /** The next piece of what is said, as it comes; `undefined` at the end. For streams of events. */
  async piece(): Promise<string | undefined> {
    if (this.#pending.length === 0 && !await this.#more()) return undefined;
    const text = decoder.decode(this.#pending);
    this.#pending = new Uint8Array();
    return text;
  }

  /** Closes it. */
  close(): void {
    try {
      this.#conn.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** The same, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
