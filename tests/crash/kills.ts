/** How often a process is killed. */

/** However slow the machine is, so many times as often as planned are enough. */
const MOST = 10;

/**
 * The numbers of the kills: as many as planned, and more until they have shown what they are for, which takes luck on a busy machine.
 *
 * @param planned How many.
 * @param shown Whether all was met that the test is about.
 * @returns 1, 2, …
 */
export function* kills(planned: number, shown: () => boolean): Generator<number> {
  for (let kill = 1; kill <= planned || (kill <= MOST * planned && !shown()); kill++) yield kill;
}
