import { build } from 'esbuild';

/** The sources that come with a page's first file, since they are imported at once. */
async function firstSources(...names: string[]): Promise<string[]> {
  const list = names.join(', ');
  const { metafile } = await build({
    stdin: {
      contents: `import { ${list} } from './src/index.ts'; console.log(${list});`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    splitting: true,
    metafile: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    external: ['#*'],
  });
  const { outputs } = metafile;
  const reached = new Set(Object.keys(outputs).filter((file) => outputs[file]!.entryPoint === '<stdin>'));
  for (const file of reached) {
    const now = outputs[file]!.imports.filter(({ kind }) => kind === 'import-statement');
    for (const { path } of now) if (path in outputs) reached.add(path);
  }
  return [...reached].flatMap((file) => Object.keys(outputs[file]!.inputs));
}

test("ImageNet's labels are in the first file of pages that name them, and of no others", async () => {
  const labels = 'src/models/labels/imagenet.ts';
  const others = await firstSources('train', 'evaluate', 'fineTune', 'classify', 'load', 'buildResNet');
  expect(others).toContain('src/training/match-classes.ts');
  expect(others).not.toContain(labels);
  expect(await firstSources('imageNetLabels')).toContain(labels);
});
