/**
 * What all who change a well share.
 *
 * @module
 */

import { joinPath } from "../../path.ts";
import type { AbortOptions, Store } from "../../stores/store.ts";
import type { ZarrFormat } from "../metadata.ts";
import { updateGroup } from "./document.ts";
import { deleteImage } from "./draft.ts";
import { formatWellDocument, parseWellDocument, type WellDocument } from "./well_document.ts";
import { columnIndex, rowIndex } from "./well_name.ts";

/** What a well is locked under, however it is spelled: one at a time in a process; between processes compare-and-swap has to do. */
export function wellKey(root: string, row: string, column: string): string {
  return `${root}\0${rowIndex(row) ?? row}/${columnIndex(column) ?? column}`;
}

/** Deletes the images that a well does not name any more, and forgets them. */
export async function cleanWell(
  store: Store,
  path: string,
  format: ZarrFormat,
  { removed }: WellDocument,
  options: AbortOptions,
): Promise<void> {
  if (removed.length === 0) return;
  const gone: string[] = [];
  for (const name of removed) {
    if (await deleteImage(store, joinPath(path, name), options)) gone.push(name);
  }
  await updateGroup(store, path, format, (attributes) => {
    const document = attributes && parseWellDocument(attributes, path);
    if (document === undefined) return undefined;
    const left = document.removed.filter((name) => !gone.includes(name));
    return formatWellDocument(attributes!, format, { ...document, removed: left });
  }, options);
}
