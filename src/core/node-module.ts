/**
 * A module of Node's, which bundlers for browsers must not see an import of.
 * @throws Error in browsers, which says that `what` takes Node.
 */
export function nodeModule<T>(name: string, what: string): T {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const found = process?.getBuiltinModule?.(name);
  if (!found) throw new Error(`${what} takes Node (20.16 or later); this program runs elsewhere.`);
  return found as T;
}

/**
 * Node's modules for files and processes.
 * @throws Error in browsers, which says that `what` takes Node.
 */
export function nodeFiles(what: string) {
  return {
    fs: nodeModule<typeof import('node:fs/promises')>('node:fs/promises', what),
    os: nodeModule<typeof import('node:os')>('node:os', what),
    path: nodeModule<typeof import('node:path')>('node:path', what),
    process: nodeModule<typeof import('node:process')>('node:process', what),
    url: nodeModule<typeof import('node:url')>('node:url', what),
  };
}
