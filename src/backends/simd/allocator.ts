/** Bytes that every block starts at a multiple of: a cache line. */
const ALIGNMENT = 64;

/** Classes of free blocks: eight to each power of two. */
function sizeClass(size: number): number {
  const power = 31 - Math.clz32(size / ALIGNMENT);
  return power * 8 + (Math.floor(size / ALIGNMENT / 2 ** (power - 3)) & 7);
}

/**
 * Gives out blocks of a growing memory and takes them back: segregated free lists whose neighbours are joined
 * (a simple form of Masmano et al. 2004, "TLSF"). Addresses and sizes are in bytes.
 */
export class Allocator {
  /** Sizes of free blocks by address, and addresses by end. */
  readonly #free = new Map<number, number>();
  readonly #freeEnds = new Map<number, number>();
  /** Free addresses by size class. */
  readonly #classes: Set<number>[] = [];
  /** Sizes of blocks given out. */
  readonly #used = new Map<number, number>();
  #end: number;
  #usedBytes = 0;

  /**
   * @param start - Where the memory that may be given out starts.
   * @param grow - Called with the bytes that the memory must have; false if it cannot.
   */
  constructor(
    start: number,
    readonly grow: (bytes: number) => boolean,
  ) {
    this.#end = start;
  }

  /** Bytes given out. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The address of a new block, or undefined if memory is out. */
  allocate(bytes: number): number | undefined {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    const address = this.#reuse(size) ?? this.#extend(size);
    if (address === undefined) return undefined;
    this.#used.set(address, size);
    this.#usedBytes += size;
    return address;
  }

  /** Takes back a block. */
  release(address: number): void {
    const size = this.#used.get(address);
    if (size === undefined) throw new Error(`simd: address ${address} is released, but was not allocated.`);
    this.#used.delete(address);
    this.#usedBytes -= size;
    this.#addFree(address, size);
  }

  #reuse(size: number): number | undefined {
    const first = sizeClass(size);
    for (let i = first; i < this.#classes.length; i++) {
      for (const address of this.#classes[i] ?? []) {
        const found = this.#free.get(address)!;
        // Blocks of the first class may still be too small; those of the next are not.
        if (found < size) continue;
        this.#removeFree(address, found);
        if (found > size) this.#addFree(address + size, found - size);
        return address;
      }
    }
    return undefined;
  }

  #extend(size: number): number | undefined {
    const start = this.#freeEnds.get(this.#end) ?? this.#end;
    if (!this.grow(start + size)) return undefined;
    if (start < this.#end) this.#removeFree(start, this.#end - start);
    this.#end = start + size;
    return start;
  }

  #addFree(address: number, size: number): void {
    const next = this.#free.get(address + size);
    if (next !== undefined) {
      this.#removeFree(address + size, next);
      size += next;
    }
    const previous = this.#freeEnds.get(address);
    if (previous !== undefined) {
      this.#removeFree(previous, address - previous);
      size += address - previous;
      address = previous;
    }
    this.#free.set(address, size);
    this.#freeEnds.set(address + size, address);
    (this.#classes[sizeClass(size)] ??= new Set()).add(address);
  }

  #removeFree(address: number, size: number): void {
    this.#free.delete(address);
    this.#freeEnds.delete(address + size);
    this.#classes[sizeClass(size)]!.delete(address);
  }
}
