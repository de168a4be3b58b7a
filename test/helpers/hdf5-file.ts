import { File, Group, ready, type Dataset } from 'h5wasm';

/** A data set of an HDF5 file. */
export interface DataSet {
  readonly path: string;
  readonly dtype: 'float32' | 'int64';
  readonly shape: number[];
  /** The attribute `name` of its group. */
  readonly groupName?: string | undefined;
}

let files = 0;

/** A file of these data sets. */
export async function writeHdf5(
  dataSets: readonly (DataSet & { values: Float32Array | BigInt64Array })[],
): Promise<Uint8Array> {
  const { FS } = await ready;
  const name = `/helper-${files++}.h5`;
  const file = new File(name, 'w');
  const groups = new Map<string, Group>([['', file]]);
  const groupOf = (path: string): Group => {
    const known = groups.get(path);
    if (known) return known;
    const group = groupOf(parent(path)).create_group(path.slice(path.lastIndexOf('/') + 1));
    groups.set(path, group);
    return group;
  };
  for (const { path, shape, groupName, values } of dataSets) {
    const group = groupOf(parent(path));
    group.create_dataset({ name: path.slice(path.lastIndexOf('/') + 1), data: values, shape });
    if (groupName !== undefined && !('name' in group.attrs)) group.create_attribute('name', groupName);
  }
  file.close();
  const bytes = FS.readFile(name);
  FS.unlink(name);
  return bytes;
}

/** Every data set of a file, by the order of their paths. */
export async function listHdf5(bytes: Uint8Array): Promise<DataSet[]> {
  const { FS } = await ready;
  const name = `/helper-${files++}.h5`;
  FS.writeFile(name, bytes);
  const file = new File(name, 'r');
  const found: DataSet[] = [];
  const walk = (group: Group, prefix: string) => {
    const groupName = group.attrs['name']?.value as string | undefined;
    for (const key of group.keys()) {
      const entity = group.get(key);
      const path = `${prefix}${key}`;
      if (entity instanceof Group) walk(entity, `${path}/`);
      else {
        const { dtype, shape } = entity as Dataset;
        found.push({ path, dtype: dtype === '<f' ? 'float32' : 'int64', shape: shape ?? [], groupName });
        expect(['<f', '<q']).toContain(dtype);
      }
    }
  };
  walk(file, '');
  file.close();
  FS.unlink(name);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
