/** A real nginx that serves a temporary directory, with listings in JSON. */

/** Where Debian puts it. */
const NGINX = "/usr/sbin/nginx";

/** A directory and its server. */
export interface Nginx extends AsyncDisposable {
  /** The root of the server. */
  readonly url: string;
  /** The directory that it serves. */
  readonly root: string;
}

/** Whether it is installed. */
export async function hasNginx(): Promise<boolean> {
  try {
    return (await Deno.stat(NGINX)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Starts it; it ends with `await using`. */
export async function startNginx(): Promise<Nginx> {
  const directory = await Deno.makeTempDir({ prefix: "polystore-nginx-" });
  const root = `${directory}/root`;
  await Deno.mkdir(root);
  for (let tries = 0;; tries++) {
    const port = freePort();
    await Deno.writeTextFile(`${directory}/nginx.conf`, configuration(directory, port));
    const child = new Deno.Command(NGINX, {
      args: ["-p", directory, "-c", `${directory}/nginx.conf`],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let ended = false;
    const output = child.output().then((output) => {
      ended = true;
      return output;
    });
    while (!ended && !await answers(port)) await new Promise((resolve) => setTimeout(resolve, 5));
    if (!ended) {
      return {
        url: `http://127.0.0.1:${port}/`,
        root,
        async [Symbol.asyncDispose]() {
          child.kill("SIGTERM");
          await output;
          await Deno.remove(directory, { recursive: true });
        },
      };
    }
    // Someone else may have taken the port in between.
    if (tries < 5) continue;
    throw new Error(`Cannot start nginx: ${new TextDecoder().decode((await output).stderr)}`);
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

function configuration(directory: string, port: number): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ");
  return `daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
  ${places}
  default_type application/octet-stream;
  large_client_header_buffers 4 64k;
  server {
    listen 127.0.0.1:${port};
    root ${directory}/root;
    location / { autoindex on; autoindex_format json; }
    location = /locked.txt { return 403; }
  }
}
`;
}
