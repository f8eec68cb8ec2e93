/** The child of the test of sweepers that meet. Argument: root. */

import { DiskBackend } from "../../mod.ts";

const removed = await new DiskBackend({ root: Deno.args[0] }).sweep("", { olderThan: 0 });
Deno.stdout.writeSync(new TextEncoder().encode(String(removed)));
