/** Small file systems of their own, where this machine lets us mount them. */

import { canRun, runCommand, say } from "../disk/setup.ts";

async function run(command: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}

/** Runs with a tmpfs mounted in a directory of its own, and unmounts it. */
export async function withMount(options: string, use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "polystore-mount-" }));
  try {
    await run("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory);
    try {
      await use(directory);
    } finally {
      await run("umount", directory);
    }
  } finally {
    await Deno.remove(directory);
  }
}

/** Makes a mount read-only, or writable again. */
export async function remount(directory: string, mode: "ro" | "rw"): Promise<void> {
  await run("mount", "-o", `remount,${mode}`, directory);
}

function canMount(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const directory = Deno.makeTempDirSync({ prefix: "polystore-mount-" });
  try {
    return canRun("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory) && canRun("umount", directory);
  } finally {
    Deno.removeSync(directory);
  }
}

/** Whether file systems can be mounted here. */
export const MOUNTS: boolean = canMount();
if (!MOUNTS) {
  say("skipped: tests of full and read-only disks, because no tmpfs can be mounted here (it takes root on Linux)");
}
