/** How the work of {@link inOrder} is spread. */
export interface InOrderOptions {
  /** Groups that are made ahead while the caller works with one. */
  readonly ahead: number;
  /** Items that are made at a time, of all groups together. */
  readonly atOnce: number;
}

/**
 * What `make` gives for every item, group by group and in order; made side by side, and ahead while the caller works with a group.
 * When it ends, by an error or since the caller stops early, nothing runs any more: it starts nothing else, and waits for what has
 * started.
 * @throws what `make` throws for the first item in order that fails, where its group is asked for.
 */
export async function* inOrder<Item, Made>(
  groups: Iterable<readonly Item[]>,
  make: (item: Item) => Made | Promise<Made>,
  { ahead, atOnce }: InOrderOptions,
): AsyncGenerator<Made[]> {
  const slots = new Slots(atOnce);
  const started: Promise<Made>[][] = [];
  const rest = groups[Symbol.iterator]();
  const start = () => {
    const { value: items, done } = rest.next();
    if (done) return;
    const group = items.map((item) => slots.use(() => make(item)));
    for (const promise of group) promise.catch(() => {}); // It is thrown where the group is asked for.
    started.push(group);
  };
  try {
    for (let i = 0; i < ahead; i++) start();
    while ((start(), started.length > 0)) {
      const group: Made[] = [];
      for (const promise of started[0]!) group.push(await promise);
      started.shift();
      yield group;
    }
  } finally {
    slots.close();
    await Promise.allSettled(started.flat());
  }
}

/** Lets so many pieces of work run at a time; the others wait in order. */
class Slots {
  #free: number;
  #isClosed = false;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      if (this.#isClosed) throw new Error('No work starts any more.');
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  /** Lets what waits fail, and all that comes. */
  close(): void {
    this.#isClosed = true;
  }
}

/** A list in groups of `size`; the last one may have fewer. */
export function* groupsOf<Item>(list: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}
