import { readGolden } from './golden.js';
import type { DataSet } from './hdf5-file.js';

/** Where Keras keeps variables in its files; written by test/golden/keras_layouts.py, which says how. */
interface Layouts {
  files: Record<string, Record<string, [string, DataSet['dtype'], number[], string][]>>;
  /** Hashes of the layers of .weights.h5, by network. */
  layers: Record<string, string>;
}

export const kerasLayouts = readGolden<Layouts>('keras_layouts.json');

/** The data sets of a file as Keras writes it, each with the path of its variable in Keras. */
export function kerasDataSets(network: string, kind: string): (DataSet & { variable: string })[] {
  return kerasLayouts.files[network]![kind]!.map(([path, dtype, shape, variable]) => {
    const groupName = path.includes('/vars/') ? variable.split('/')[0] : undefined;
    return { path, dtype, shape, groupName, variable };
  });
}

/** The name that buildModel has for a network of keras.applications. */
export function modelName(network: string): string {
  return network.toLowerCase().replace('efficientnetb', 'efficientnet-b');
}
