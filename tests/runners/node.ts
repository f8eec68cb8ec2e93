/**
 * A Node.js to run tests with, and what it takes from npm.
 *
 * @module
 */

/** What a program has said. */
export interface Said {
  /** Whether it ended well. */
  readonly success: boolean;
  /** What it has printed. */
  readonly text: string;
}

/** Runs a program in a directory. */
export async function run(directory: string, command: string, args: readonly string[]): Promise<Said> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd: directory,
      // Where npm cannot be reached, that is told soon.
      env: { NO_COLOR: "1", npm_config_fetch_retries: "1", npm_config_fetch_timeout: "60000" },
      stdin: "null",
    }).output();
    return { success, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { success: false, text: `${command} is not installed` };
  }
}

/** Runs a program of npm packages, `node` of the version that the package needs among them. */
export async function npx(directory: string, packages: readonly string[], args: readonly string[]): Promise<Said> {
  const wanted = ["node@24", ...packages].flatMap((name) => ["-p", name]);
  return await run(directory, "npx", ["-y", ...wanted, ...args]);
}

/** Why these packages cannot be had; `undefined` if they can. */
export async function lacking(packages: readonly string[]): Promise<string | undefined> {
  const { success, text } = await npx(".", packages, ["node", "--version"]);
  return success ? undefined : `npm has no node@24 ${packages.join(" ")} here: ${text.trim().split("\n").at(-1)}`;
}

/** Makes one file of a module and all it imports. */
export async function bundle(module: URL, file: string): Promise<Said> {
  const args = ["bundle", "--quiet", "--platform", "deno", "-o", file, module.pathname];
  return await run(".", Deno.execPath(), args);
}
