// A program of its own, for Node.js: keeps bytes with keyv in SQLite. Each line it reads is a command, each it writes the answer.
//
//   node keyv_child.mjs DATABASE, in a directory where keyv and @keyv/sqlite are installed

import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { default: Keyv } = await import(pathToFileURL(require.resolve("keyv")).href.replace(/\.cjs$/, ".js"));
const { default: KeyvSqlite } = await import(
  pathToFileURL(require.resolve("@keyv/sqlite")).href.replace(/\.cjs$/, ".js")
);

const keyv = new Keyv({ store: new KeyvSqlite(`sqlite://${process.argv[2]}`), throwOnErrors: true });
let paths = [];
let buffers = [];

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.paths) {
    paths = command.paths;
    buffers = command.buffers.map((text) => Buffer.from(text, "base64"));
  } else if (command.save) await keyv.setMany(paths.map((key, index) => ({ key, value: buffers[index] })));
  const loaded = command.load ? await keyv.getMany(paths) : undefined;
  if (loaded && loaded.some((bytes, index) => Buffer.compare(bytes, buffers[index]) !== 0)) {
    throw new Error("not the same");
  }
  process.stdout.write("done\n");
}
await keyv.disconnect();
