/**
 * {@linkcode hangUpOnStalled}: connections on which nobody takes what he is sent.
 *
 * @module
 */

import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Ends connections on which something is to be sent and nothing goes. One look at all of them costs requests nothing, as a timer of each would.
 *
 * @param http What has the connections; none is there yet.
 * @param longest How long nothing may go, in milliseconds; it may take up to twice as long until that is seen.
 * @returns What ends the looking.
 */
export function hangUpOnStalled(http: Server, longest: number): () => void {
  /** How much has gone, when it was last looked. */
  const sent = new Map<Socket, number>();
  http.on("connection", (socket: Socket) => {
    sent.set(socket, -1);
    socket.once("close", () => sent.delete(socket));
  });
  const timer = setInterval(() => {
    for (const [socket, before] of sent) {
      const stalled = socket.writableLength > 0 && socket.bytesWritten === before;
      if (stalled) socket.destroy();
      else sent.set(socket, socket.writableLength > 0 ? socket.bytesWritten : -1);
    }
  }, longest);
  return () => clearInterval(timer);
}
