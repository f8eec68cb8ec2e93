/**
 * A server of contents by their size, in a thread of its own: `/1024` has so many bytes. It tells its port.
 *
 * @module
 */

const contents = new Map<number, Uint8Array<ArrayBuffer>>();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
  const size = Number(new URL(url).pathname.slice(1));
  const content = contents.get(size) ?? new Uint8Array(size).map((_, index) => index % 251);
  contents.set(size, content);
  return new Response(content, { headers: { etag: '"a"' } });
});
(globalThis as unknown as { postMessage(message: number): void }).postMessage(server.addr.port);
