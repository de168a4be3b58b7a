/** Workgroups of a program, and how long they took. */
export interface ProfiledDispatch {
  /** The program's key. */
  readonly program: string;
  readonly milliseconds: number;
}

/** Dispatches that are timed at most; the count of a query set is limited to 4096. */
const MOST = 2048;

/** Times dispatches, each in a pass for it alone, by the device's clock. */
export class Profile {
  readonly #querySet: GPUQuerySet;
  readonly #programs: string[] = [];

  /** @param device - With the feature timestamp-query. */
  constructor(readonly device: GPUDevice) {
    this.#querySet = device.createQuerySet({ type: 'timestamp', count: 2 * MOST });
  }

  /** What a pass of a program is to write. */
  timestampsOf(program: string): GPUComputePassDescriptor {
    if (this.#programs.length === MOST) return {};
    const index = 2 * (this.#programs.push(program) - 1);
    const timestampWrites = {
      querySet: this.#querySet,
      beginningOfPassWriteIndex: index,
      endOfPassWriteIndex: index + 1,
    };
    return { timestampWrites };
  }

  /** The times, after all commands were submitted. */
  async read(): Promise<ProfiledDispatch[]> {
    const count = 2 * this.#programs.length;
    const size = Math.max(8 * count, 16);
    const [resolved, read] = [
      GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    ].map((usage) => this.device.createBuffer({ size, usage })) as [GPUBuffer, GPUBuffer];
    const encoder = this.device.createCommandEncoder();
    encoder.resolveQuerySet(this.#querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, size);
    this.device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    const nanoseconds = new BigUint64Array(read.getMappedRange());
    const times = this.#programs.map((program, i) => ({
      program,
      milliseconds: Number(nanoseconds[2 * i + 1]! - nanoseconds[2 * i]!) / 1e6,
    }));
    for (const each of [this.#querySet, resolved, read]) each.destroy();
    return times;
  }
}
