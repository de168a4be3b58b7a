/** How the work of {@link mapStream} is spread. */
export interface MapStreamOptions {
  /** Items that are made at a time. */
  readonly atOnce: number;
  /** Items that are taken from the source and not yet given on, at most. */
  readonly held: number;
  /** Whether results come in the order of the items, or as they are made. */
  readonly ordered: boolean;
  /** Ends the stream with the signal's reason, also while it waits for the source or an item. */
  readonly signal?: AbortSignal;
}

/**
 * What `make` gives for every item of a stream. Items are taken only as fast as the caller takes results. When it ends, by an error,
 * or since the caller stops early, it takes nothing else, closes the source, and waits for what has started; after an abort it waits
 * for nothing.
 * @throws what `make` or the source throws, after the results before it; the signal's reason.
 */
export async function* mapStream<Item, Made>(
  items: AsyncIterable<Item> | Iterable<Item>,
  make: (item: Item, index: number) => Promise<Made>,
  { atOnce, held, ordered, signal }: MapStreamOptions,
): AsyncGenerator<Made> {
  const [aborted, forget] = abortOf(signal);
  const source = iteratorOf(items);
  const pending = new Set<Promise<unknown>>();
  const results: Promise<Made>[] = [];
  const changed = new Change();
  let [taken, given, hasEnded] = [0, 0, false];

  const launch = (item: Item, index: number) => {
    const made = make(item, index);
    pending.add(made);
    const settle = () => {
      pending.delete(made);
      if (!ordered) results.push(made);
      changed.tell();
    };
    made.then(settle, settle);
    if (ordered) results.push(made);
    changed.tell();
  };
  const take = async () => {
    for (;;) {
      while (!hasEnded && (pending.size >= atOnce || taken - given >= held)) await changed.next();
      if (hasEnded) return;
      const { done, value } = await source.next();
      if (done || hasEnded) return;
      launch(value, taken++);
    }
  };
  const end = () => {
    hasEnded = true;
    changed.tell();
  };
  let failure: { error: unknown } | undefined;
  const taking = take()
    .catch((error: unknown) => (failure = { error }))
    .then(end);

  try {
    while (results.length > 0 || pending.size > 0 || !hasEnded) {
      if (results.length === 0) await Promise.race([changed.next(), aborted]);
      else {
        const made = await Promise.race([results.shift()!, aborted]);
        given++;
        changed.tell();
        yield made as Made;
      }
      signal?.throwIfAborted();
    }
    if (failure) throw failure.error;
  } finally {
    forget();
    const closed = hasEnded ? undefined : source.return?.();
    end();
    const rest = Promise.allSettled([taking, closed, ...pending]);
    if (!signal?.aborted) await rest;
  }
}

function iteratorOf<Item>(items: AsyncIterable<Item> | Iterable<Item>): AsyncIterator<Item> {
  if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
  const iterator = items[Symbol.iterator]();
  return {
    next: async () => iterator.next(),
    return: async () => iterator.return?.() ?? { done: true, value: undefined },
  };
}

/**
 * A promise that fails when the signal is aborted, and what ends the watch.
 * @throws the signal's reason where it is aborted already.
 */
function abortOf(signal: AbortSignal | undefined): [Promise<never>, () => void] {
  signal?.throwIfAborted();
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal!.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    forget = () => signal?.removeEventListener('abort', onAbort);
  });
  aborted.catch(() => {}); // It is thrown where somebody waits.
  return [aborted, forget];
}

/** Wakes all that wait for a change. */
class Change {
  #wake = () => {};
  #next = this.#prepare();

  next(): Promise<void> {
    return this.#next;
  }

  tell(): void {
    const wake = this.#wake;
    this.#next = this.#prepare();
    wake();
  }

  #prepare(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}

/**
 * The values of a stream in groups of `size`; the last one may have fewer.
 * @throws what the stream throws, after a group of the values before it.
 */
export async function* groupStream<Value>(
  values: AsyncIterable<Value>,
  size: number,
): AsyncGenerator<Value[]> {
  let group: Value[] = [];
  let failure: { error: unknown } | undefined;
  try {
    for await (const value of values) {
      group.push(value);
      if (group.length < size) continue;
      yield group;
      group = [];
    }
  } catch (error) {
    failure = { error };
  }
  if (group.length > 0) yield group;
  if (failure) throw failure.error;
}
