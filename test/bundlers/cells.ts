/** One way of a bundler, with the commands of its app's own `node_modules/.bin`. */
export interface Cell {
  /** A folder of `apps`. */
  app: string;
  name: string;
  /** The package whose version is the bundler's. */
  bundler?: string;
  mode: string;
  build?: string;
  /** `PORT` is in the place of the port. Without it, the folder `root` is served as it is. */
  serve?: string;
  root?: string;
  /** Whether to measure what the small page loads. */
  measured?: boolean;
  /** Builds without TensorFlow.js, into a folder `own`. */
  own?: string;
}

/** Apps whose pages are plain HTML, with the programs of `pages`; the others have pages of their own. */
export const plainApps: Record<string, { extension: 'ts' | 'js'; script: string; head?: string }> = {
  'vite-8': { extension: 'ts', script: 'type="module" src="/NAME.ts"' },
  'vite-7': { extension: 'ts', script: 'type="module" src="/NAME.ts"' },
  'vite-6': { extension: 'ts', script: 'type="module" src="/NAME.ts"' },
  webpack: { extension: 'js', script: 'defer src="/NAME.js"' },
  rollup: { extension: 'js', script: 'type="module" src="/NAME.js"' },
  esbuild: { extension: 'ts', script: 'type="module" src="/NAME.js"' },
  'import-map': {
    extension: 'js',
    script: 'type="module" src="/NAME.js"',
    head: '<script type="importmap">{ "imports": { "skipscale": "/node_modules/skipscale/dist/browser/index.js" } }</script>',
  },
};

const vite = [8, 7, 6].flatMap((major): Cell[] => {
  const app = { app: `vite-${major}`, name: 'Vite', bundler: 'vite' };
  return [
    { ...app, mode: 'dev', serve: 'vite --port PORT --strictPort' },
    {
      ...app,
      mode: 'build',
      build: 'vite build',
      serve: 'vite preview --port PORT --strictPort',
      measured: true,
      own: 'vite build --outDir own',
    },
  ];
});

const next = { app: 'next', name: 'Next', bundler: 'next' };
const svelteKit = { app: 'sveltekit', name: 'SvelteKit', bundler: '@sveltejs/kit' };
const esbuild = 'esbuild classify.ts small.ts --bundle --format=esm --splitting --minify --log-level=warning';

export const cells: Cell[] = [
  // The slowest first.
  { ...next, mode: 'dev, Turbopack', serve: 'next dev --port PORT' },
  {
    ...next,
    mode: 'build, Turbopack',
    build: 'next build',
    serve: 'next start --port PORT',
    measured: true,
  },
  {
    ...next,
    mode: 'build, webpack',
    build: 'next build --webpack',
    serve: 'next start --port PORT',
    measured: true,
  },
  { ...svelteKit, mode: 'dev', serve: 'vite --port PORT --strictPort' },
  {
    ...svelteKit,
    mode: 'build',
    build: 'vite build',
    serve: 'vite preview --port PORT --strictPort',
    measured: true,
  },
  ...vite,
  {
    app: 'webpack',
    name: 'webpack',
    bundler: 'webpack',
    mode: 'build',
    build: 'webpack',
    root: 'dist',
    measured: true,
    own: 'webpack --output-path own',
  },
  {
    app: 'rollup',
    name: 'Rollup',
    bundler: 'rollup',
    mode: 'build',
    build: 'rollup --config',
    root: 'dist',
    measured: true,
    own: 'rollup --config --dir own',
  },
  {
    app: 'esbuild',
    name: 'esbuild',
    bundler: 'esbuild',
    mode: 'build',
    build: `${esbuild} --outdir=dist`,
    root: 'dist',
    measured: true,
    own: `${esbuild} --outdir=own --external:@tensorflow/* --external:./node_modules/@tensorflow/*`,
  },
  { app: 'import-map', name: 'import map', mode: 'no bundler', root: '.', measured: true },
];
