/** WebAssembly's page, in bytes. */
const PAGE = 65_536;

const { prototype } = WebAssembly.Memory;
const growUnlimited = prototype.grow;

/**
 * Runs a function that works in WebAssembly's memory, at once and not later, while none of it may grow beyond `limit` bytes: a
 * compiled library asks for as much as a file makes it. Where it asks for more, it is refused, and says that it has no memory.
 * A limit inside of another one counts in its place.
 */
export function withMemoryLimit<T>(limit: number, run: () => T): T {
  const before = prototype.grow;
  prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * PAGE > limit) throw new RangeError(`The limit is ${limit} bytes.`);
    return growUnlimited.call(this, pages);
  };
  try {
    return run();
  } finally {
    prototype.grow = before;
  }
}
