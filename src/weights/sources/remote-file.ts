/** A file to download. */
export interface RemoteFile {
  readonly url: string;
  /** Sent with the request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where it is kept, below the folder of the cache; undefined for nowhere. */
  readonly place: Place | undefined;
}

/** The folders in the cache: of files from the hub, and of URLs. */
export const cacheFolders = ['hub', 'url'] as const;

/** Folders, the first of them the cache's, and the name of a file. */
export type Place = readonly [(typeof cacheFolders)[number], ...string[]];

/** The file of a URL. It is kept where its SHA-256 is known, by which it is the same file whenever it is fetched. */
export function urlFile(url: string, sha256: string | undefined): RemoteFile {
  const name =
    new URL(url).pathname
      .replace(/^.*\//, '')
      .replace(/[^\w.-]/g, '_')
      .slice(-100) || 'file';
  return { url, headers: {}, place: sha256 === undefined ? undefined : ['url', sha256.toLowerCase(), name] };
}
