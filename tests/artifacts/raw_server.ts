/** A server that does as it is told, down to the bytes. */

/** One request as it came. */
export interface RawRequest {
  readonly head: string;
  readonly body: string;
  /** How many came before it on the same connection. */
  readonly before: number;
}

/** What is answered: the bytes of it, and whether the connection is cut then. */
export type RawAnswer = string | undefined;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Answers every request by `answer`; `undefined` cuts the connection without a word. */
export function rawServer(answer: (request: RawRequest) => RawAnswer | Promise<RawAnswer>): {
  port: number;
  requests: RawRequest[];
} & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: RawRequest[] = [];
  let closed = false;
  const connections = new Set<Deno.Conn>();
  const work: Promise<void>[] = [];

  async function serve(connection: Deno.Conn): Promise<void> {
    connections.add(connection);
    const buffer = new Uint8Array(65_536);
    let text = "";
    let before = 0;
    try {
      while (true) {
        const read = await connection.read(buffer);
        if (read === null) return;
        text += decoder.decode(buffer.subarray(0, read));
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) continue;
        const head = text.slice(0, end);
        const chunked = /^transfer-encoding: chunked/im.test(head);
        const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
        if (chunked ? !text.endsWith("0\r\n\r\n") : text.length < end + 4 + length) continue;
        const request = { head, body: text.slice(end + 4), before: before++ };
        text = "";
        requests.push(request);
        const bytes = await answer(request);
        if (bytes === undefined) return;
        await connection.write(encoder.encode(bytes));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)) throw error;
      }
    } finally {
      if (connections.delete(connection)) connection.close();
    }
  }

  const accepting = (async () => {
    for await (const connection of listener) work.push(serve(connection));
  })();
  return {
    port: listener.addr.port,
    requests,
    async [Symbol.asyncDispose](): Promise<void> {
      if (closed) return;
      closed = true;
      listener.close();
      for (const connection of connections) {
        connections.delete(connection);
        connection.close();
      }
      await accepting;
      await Promise.all(work);
    },
  };
}

/** An answer with a body. */
export function answer(status: number, body: string, headers: Record<string, string> = {}): string {
  const all = { "content-type": "application/json", "content-length": String(encoder.encode(body).length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} Status\r\n${lines}\r\n${body}`;
}

/** A problem as a registry server tells it. */
export function problem(status: number, code: string, more: object = {}, headers: Record<string, string> = {}): string {
  const body = JSON.stringify({ type: "about:blank", title: "Title", status, code, detail: `it is ${code}`, ...more });
  return answer(status, body, { "content-type": "application/problem+json", ...headers });
}
