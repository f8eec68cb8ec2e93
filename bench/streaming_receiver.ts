/**
 * A worker that receives: over WebSockets (bare, or ours) and over ports (bare, or ours). It says its port when it is ready.
 *
 * @module
 */

import { receivePort, receiveWebSocket, StreamReceiver } from "../backends/streaming/mod.ts";

const receiver = new StreamReceiver(() => {});
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  if (new URL(request.url).pathname !== "/bare") return receiveWebSocket(request, receiver);
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = () => socket.send("ok");
  return response;
});

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown): void;
};
scope.onmessage = ({ data, ports: [port] }) => {
  if (data === "ours") return receivePort(port!, receiver);
  port!.onmessage = () => port!.postMessage("ok");
};
scope.postMessage(server.addr.port);
