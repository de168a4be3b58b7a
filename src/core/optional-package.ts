/**
 * Imports a package that is installed by those who need it.
 * @param importPackage - The import itself, so that bundlers see its name.
 * @param purpose - What takes the package, such as `Drawing charts takes echarts`; the begin of the error.
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
    throw new Error(`${purpose}, which is not installed: npm install ${name}`, { cause: error });
  }
}
