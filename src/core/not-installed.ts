/** A package is missing that is installed by those who need it. */
export class NotInstalledError extends Error {
  override name = 'NotInstalledError';
}

/**
 * The error where a package is missing that is installed by those who need it. Its `import` stands in a separate `try`,
 * from which bundlers see that it may be missing.
 * @param purpose - What takes the package, such as `Drawing charts takes echarts`.
 */
export function notInstalled(purpose: string, name: string, cause: unknown): NotInstalledError {
  return new NotInstalledError(`${purpose}, which is not installed: npm install ${name}`, { cause });
}
