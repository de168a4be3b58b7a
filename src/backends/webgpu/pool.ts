/** A buffer of the pool. */
interface Entry {
  readonly buffer: GPUBuffer;
  readonly id: number;
  /** The last recording that may use it. */
  recording: number;
  /** How many tensors lie in it. */
  holders: number;
}

/**
 * Buffers that are used again, by size and usage. Of several free ones the oldest is taken: equal steps then get equal buffers,
 * and find their bind groups. It has the members of tfjs's BufferManager, and stands in its place.
 */
export class BufferPool {
  readonly #entries = new Map<GPUBuffer, Entry>();
  readonly #free = new Map<string, Entry[]>();
  readonly #ids = new WeakMap<GPUBuffer, number>();
  #lastId = 0;
  numBytesUsed = 0;
  numBytesAllocated = 0;
  /** Buffers made so far. */
  made = 0;
  /** The number of the commands that are being recorded; those of smaller numbers were submitted. */
  recording = 0;

  /**
   * @param device - Makes the buffers.
   * @param limitBytes - Of all buffers together.
   */
  constructor(
    readonly device: GPUDevice,
    public limitBytes = Infinity,
  ) {}

  /** A number that no other buffer has or had; of any buffer, the user's too. */
  idOf(buffer: GPUBuffer): number {
    const known = this.#ids.get(buffer);
    if (known !== undefined) return known;
    this.#ids.set(buffer, ++this.#lastId);
    return this.#lastId;
  }

  /**
   * @param isWritten - Whether the queue writes it before the commands that are being recorded, which must then not use it yet.
   */
  acquireBuffer(size: number, usage: number, isWritten = false): GPUBuffer {
    const entry = this.#takeFree(`${size} ${usage}`, isWritten) ?? this.#create(size, usage);
    this.numBytesUsed += size;
    entry.holders = 1;
    return entry.buffer;
  }

  /** Lets a buffer be released so many times before it is free. */
  share(buffer: GPUBuffer, holders: number): void {
    this.#entries.get(buffer)!.holders = holders;
  }

  releaseBuffer(buffer: GPUBuffer, isUsedAgain = true): void {
    const entry = this.#entries.get(buffer);
    if (!entry || --entry.holders > 0) return;
    this.numBytesUsed -= buffer.size;
    if (!isUsedAgain) return this.#destroy(entry);
    entry.recording = this.recording;
    const key = `${buffer.size} ${buffer.usage}`;
    const free = this.#free.get(key);
    if (!free) this.#free.set(key, [entry]);
    else free.splice(placeOf(entry.id, free), 0, entry);
  }

  /** Destroys the buffers that nobody uses, but those that recorded commands use. */
  trim(): void {
    for (const [key, free] of this.#free) {
      for (const entry of free) if (entry.recording < this.recording) this.#destroy(entry);
      const rest = free.filter(({ recording }) => recording >= this.recording);
      if (rest.length > 0) this.#free.set(key, rest);
      else this.#free.delete(key);
    }
  }

  dispose(): void {
    for (const entry of this.#entries.values()) this.#destroy(entry);
    this.#free.clear();
    this.numBytesUsed = 0;
  }

  #takeFree(key: string, isWritten: boolean): Entry | undefined {
    const free = this.#free.get(key);
    if (!free) return undefined;
    const place = isWritten ? free.findIndex(({ recording }) => recording < this.recording) : 0;
    return place < 0 ? undefined : free.splice(place, 1)[0];
  }

  #create(size: number, usage: number): Entry {
    if (this.numBytesAllocated + size > this.limitBytes) this.trim();
    if (this.numBytesAllocated + size > this.limitBytes) {
      throw new Error(
        `webgpu: out of memory: a buffer of ${mebibytes(size)} is needed; ${mebibytes(this.numBytesAllocated)} of at most ` +
          `${mebibytes(this.limitBytes)} are in use. Use smaller batches or images, or dispose of tensors.`,
      );
    }
    this.made++;
    this.numBytesAllocated += size;
    const buffer = this.device.createBuffer({ size, usage });
    const entry = { buffer, id: this.idOf(buffer), recording: this.recording, holders: 1 };
    this.#entries.set(buffer, entry);
    return entry;
  }

  #destroy({ buffer }: Entry): void {
    this.#entries.delete(buffer);
    this.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }
}

/** The place of an id in a list that is in order of them. */
function placeOf(id: number, entries: readonly Entry[]): number {
  let [from, to] = [0, entries.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (entries[middle]!.id < id) from = middle + 1;
    else to = middle;
  }
  return from;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
