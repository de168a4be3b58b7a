import { notInstalled } from '../core/not-installed.js';

/**
 * Imports a package that is installed by those who need it. Not for what programs bundle: bundlers would want it there.
 * @throws Error that says how to install it.
 */
export async function optionalPackage<T>(
  importPackage: () => Promise<T>,
  purpose: string,
  name: string,
): Promise<T> {
  try {
    return await importPackage();
  } catch (error) {
    throw notInstalled(purpose, name, error);
  }
}
