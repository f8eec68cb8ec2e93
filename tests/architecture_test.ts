import assert from "node:assert/strict";

const root = new URL("..", import.meta.url);

/** The layers of the house, from the bottom; a file may import from its own layer and from those below. */
const LAYERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["foundation", /^backends\/(error_code|errors|path|zip_member)\.ts$/],
  ["stores and formats", /^backends\/(stores|formats)\//],
  ["layers", /^backends\/layers\//],
  ["backends", /^backends\//],
  ["registry", /^registry\//],
  ["filemanager", /^filemanager\//],
  ["mod.ts", /^mod\.ts$/],
  ["the rest", /^(cli\.ts|tests\/|examples\/|bench\/)/],
];

async function* sources(directory: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(directory || ".", root))) {
    if (name.startsWith(".") || name === "node_modules") continue;
    const path = `${directory}${name}`;
    if (isDirectory) yield* sources(`${path}/`);
    else if (name.endsWith(".ts")) yield path;
  }
}

function levelOf(path: string): number {
  const level = LAYERS.findIndex(([, pattern]) => pattern.test(path));
  assert.notEqual(level, -1, `${path} has no place in the house`);
  return level;
}

/** What a file imports of this package, leaving out the examples in its comments. */
function importsOf(path: string, text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)]
    .map(([, specifier]) => new URL(specifier!, new URL(path, root)).href.slice(root.href.length));
}

Deno.test("imports point one way", async () => {
  const wrong: string[] = [];
  let arrows = 0;
  for await (const path of sources("")) {
    const level = levelOf(path);
    for (const imported of importsOf(path, await Deno.readTextFile(new URL(path, root)))) {
      arrows++;
      if (levelOf(imported) > level) wrong.push(`${path} imports ${imported}`);
      const sides = [path, imported].map((file) => /^backends\/(stores|formats)\//.exec(file)?.[1]);
      if (sides[0] && sides[1] && sides[0] !== sides[1]) wrong.push(`${path} imports ${imported}`);
    }
  }
  assert(arrows > 100);
  assert.deepEqual(wrong, []);
});

Deno.test("no import leads in a circle", async () => {
  const graph = new Map<string, string[]>();
  for await (const path of sources("")) {
    const text = await Deno.readTextFile(new URL(path, root));
    // A type leaves nothing to import, so it cannot close a circle.
    graph.set(path, importsOf(path, text.replace(/^(import|export) type [^;]*;/gm, "")));
  }
  const done = new Set<string>();
  function visit(path: string, trail: readonly string[]): void {
    assert(!trail.includes(path), `circle: ${[...trail, path].join(" → ")}`);
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  }
  for (const path of graph.keys()) visit(path, []);
});

/** Imports a module in a process without permissions: that does not run it, if it is a program. */
async function imported(url: string): Promise<Deno.CommandOutput> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", "-"],
    cwd: root.pathname,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`import ${JSON.stringify(url)};`));
  await writer.close();
  return await process.output();
}

Deno.test("importing any entry needs no permission and prints nothing", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  for (const file of Object.values<string>(exports)) {
    const { success, stdout, stderr } = await imported(new URL(file, root).href);
    const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert(success && printed === "", `${file}: ${printed}`);
  }
});

Deno.test("source files stay short", async () => {
  const long: string[] = [];
  const lengths: number[] = [];
  for await (const path of sources("")) {
    if (/^(tests|bench|examples)\//.test(path)) continue;
    const lines = (await Deno.readTextFile(new URL(path, root))).split("\n").length - 1;
    lengths.push(lines);
    if (lines > 400) long.push(`${path}: ${lines} lines`);
  }
  assert.deepEqual(long, []);
  assert(lengths.sort((a, b) => a - b)[lengths.length >> 1]! <= 150, "the median file has at most 150 lines");
});
