/**
 * {@linkcode inAdvance}: changing what an iterable yields, several at once and in order.
 *
 * @module
 */

/**
 * Yields what becomes of each item, in their order.
 *
 * @typeParam T An item.
 * @typeParam R What becomes of it.
 * @param items The items.
 * @param count How many are worked on at once.
 * @param change The work.
 */
export async function* inAdvance<T, R>(
  items: AsyncIterable<T>,
  count: number,
  change: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const changing = change(item);
      changing.catch(() => {/* seen when it is its turn */});
      pending.push(changing);
      if (pending.length >= count) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  } finally {
    // Nothing goes on after the last item was taken.
    await Promise.allSettled(pending);
  }
}
