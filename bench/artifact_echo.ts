/**
 * A bare server that answers every request with the same bytes: the limit for one that looks something up. Its arguments are the body,
 * and the headers as JSON.
 */

const [body, headers] = Deno.args;
const init: ResponseInit = { headers: JSON.parse(headers!) };
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => void Deno.stdout.writeSync(new TextEncoder().encode(`${port}\n`)),
}, () => new Response(body, init));
