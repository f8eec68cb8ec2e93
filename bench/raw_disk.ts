/**
 * The hand-written minimal programs: what one would write without a library, in each form that Deno offers.
 *
 * `*Sync` blocks the process until the disk has answered; `*Async` awaits every call; `*Mixed` is the fastest that a server may do:
 * what takes microseconds is called at once, what waits for the disk or moves megabytes is awaited.
 *
 * @module
 */

/** Up to this size the mixed form reads and writes at once. */
const AT_ONCE = 1024 * 1024;

let count = 0;

function temporaryName(path: string): string {
  return `${path}.${++count}.tmp`;
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Temp file, write, fsync, rename, fsync of the directory; all blocking. `durable: false` leaves the fsyncs out. */
export function saveSync(path: string, parts: readonly Uint8Array[], durable: boolean): void {
  const temporary = temporaryName(path);
  const file = Deno.openSync(temporary, { write: true, createNew: true });
  for (const bytes of parts) writeAllSync(file, bytes);
  if (durable) file.syncSync();
  file.close();
  Deno.renameSync(temporary, path);
  if (!durable) return;
  const directory = Deno.openSync(directoryOf(path));
  directory.syncSync();
  directory.close();
}

/** As {@linkcode saveSync}, every call awaited. */
export async function saveAsync(path: string, parts: readonly Uint8Array[], durable: boolean): Promise<void> {
  const temporary = temporaryName(path);
  const file = await Deno.open(temporary, { write: true, createNew: true });
  for (const bytes of parts) await writeAll(file, bytes);
  if (durable) await file.sync();
  file.close();
  await Deno.rename(temporary, path);
  if (!durable) return;
  const directory = await Deno.open(directoryOf(path));
  await directory.sync();
  directory.close();
}

/** As {@linkcode saveSync}, the fsyncs and large writes awaited. */
export async function saveMixed(path: string, parts: readonly Uint8Array[], durable: boolean): Promise<void> {
  const temporary = temporaryName(path);
  const file = Deno.openSync(temporary, { write: true, createNew: true });
  for (const bytes of parts) {
    if (bytes.length <= AT_ONCE) writeAllSync(file, bytes);
    else await writeAll(file, bytes);
  }
  if (durable) await file.sync();
  file.close();
  Deno.renameSync(temporary, path);
  if (!durable) return;
  const directory = Deno.openSync(directoryOf(path));
  await directory.sync();
  directory.close();
}

/** Open, fstat, read into one buffer; all blocking. */
export function loadSync(path: string): Uint8Array {
  const file = Deno.openSync(path);
  const bytes = new Uint8Array(file.statSync().size);
  for (let length = 0; length < bytes.length;) length += file.readSync(bytes.subarray(length)) ?? bytes.length;
  file.close();
  return bytes;
}

/** As {@linkcode loadSync}, the reading awaited. */
export async function loadMixed(path: string): Promise<Uint8Array> {
  const file = Deno.openSync(path);
  const bytes = new Uint8Array(file.statSync().size);
  for (let length = 0; length < bytes.length;) length += await file.read(bytes.subarray(length)) ?? bytes.length;
  file.close();
  return bytes;
}

function writeAllSync(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
}
