/** The child that reads what may never answer. Arguments: path, and `listen` if it is to be a socket. */

import { DiskBackend, isStorageError } from "../../mod.ts";

const disk = new DiskBackend();

async function outcome(read: Promise<unknown>): Promise<string> {
  try {
    return `resolved to ${Deno.inspect(await read)}`;
  } catch (error) {
    return isStorageError(error) ? error.code : String(error);
  }
}

const [path = "", task] = Deno.args;
using _socket = task === "listen" ? Deno.listen({ transport: "unix", path }) : undefined;
const encoder = new TextEncoder();
Deno.stdout.writeSync(encoder.encode(`load: ${await outcome(disk.load(path))}\n`));
Deno.stdout.writeSync(encoder.encode(`openRead: ${await outcome(disk.openRead(path))}\n`));
