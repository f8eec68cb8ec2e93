/**
 * The child of the tests of remote stores: serves a directory, or a database in it, until it is killed. It says its port.
 *
 * Arguments: `disk` or `sqlite`, the directory.
 */

import { DiskStore, SqliteStore } from "../../backends/stores/mod.ts";
import { files } from "../../registry/files.ts";

const [kind = "disk", directory = ""] = Deno.args;
const store = kind === "disk" ? new DiskStore({ root: directory }) : new SqliteStore({ path: `${directory}/store.db` });
const onListen = ({ port }: Deno.NetAddr): void => {
  Deno.stdout.writeSync(new TextEncoder().encode(`port ${port}\n`));
};
Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, files({ it: store }));
