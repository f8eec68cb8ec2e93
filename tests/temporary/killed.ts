/** The child that is killed: tells where its directory is, and waits. */

import { TemporaryBackend } from "../../backends/temporary.ts";

const temp = new TemporaryBackend();
await temp.save("text", "a.txt");
Deno.stdout.writeSync(new TextEncoder().encode(temp.directory));
setInterval(() => {}, 1000);
