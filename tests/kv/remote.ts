/** A KV Connect server for a test file: a child process, which ends with the tests. */

import { REPOSITORY, say } from "../disk/setup.ts";

/** The address of a server; `undefined`, with the reason said, where it cannot be started. The token is in the environment. */
export async function startServer(): Promise<string | undefined> {
  const token = crypto.randomUUID();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", `${REPOSITORY}tests/kv/server.ts`, token],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  globalThis.addEventListener("unload", () => {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
  });
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    said += next.value;
    if (said.includes("\n")) break;
  }
  await reader.cancel();
  const port = /^port (\d+)/.exec(said)?.[1];
  if (port === undefined) {
    const why = said.replace(/^unavailable /, "").trim() || await new Response(child.stderr).text();
    say(`skipped: Deno KV behind KV Connect, because no server can be started here: ${why.slice(0, 500)}`);
    return undefined;
  }
  await child.stderr.cancel();
  child.unref();
  Deno.env.set("DENO_KV_ACCESS_TOKEN", token);
  return `http://127.0.0.1:${port}`;
}
