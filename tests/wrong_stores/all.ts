/** Every wrong store. */

import { aborts } from "./aborts.ts";
import { batches } from "./batches.ts";
import { conditions } from "./conditions.ts";
import { contents } from "./contents.ts";
import { deletions } from "./deletions.ts";
import { directories } from "./directories.ts";
import { etags } from "./etags.ts";
import { links } from "./links.ts";
import { listings } from "./listings.ts";
import { moves } from "./moves.ts";
import { names } from "./names.ts";
import { ranges } from "./ranges.ts";
import { streams } from "./streams.ts";
import { times } from "./times.ts";
import type { WrongStore } from "./wrong_store.ts";

/** Every wrong store; those first by which something never comes, so that others are tried meanwhile. */
export const wrongStores: readonly WrongStore[] = [
  ...aborts.toReversed(),
  ...times,
  ...etags,
  ...contents,
  ...ranges,
  ...listings,
  ...conditions,
  ...directories,
  ...deletions,
  ...links,
  ...moves,
  ...batches,
  ...streams,
  ...names,
];
