/** A bare server that answers every request with the same bytes: the limit for one that looks something up. */

const body = Deno.args[0]!;
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => void Deno.stdout.writeSync(new TextEncoder().encode(`${port}\n`)),
}, () => new Response(body, { headers: { "content-type": "application/json" } }));
