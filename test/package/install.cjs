const { execFileSync } = require('node:child_process');
const { cpSync, mkdtempSync, readdirSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * Packs the built package and installs it in an empty folder, whose address is then in SKIPSCALE_INSTALLED. Beside
 * `node_modules` are the programs of `apps`, and once more in `own`, which has a copy of tfjs-core of its own.
 */
module.exports = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { stdio: 'pipe' });
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`];
  execFileSync('npm', install, { cwd: folder, stdio: 'pipe' });

  const core = 'node_modules/@tensorflow/tfjs-core';
  cpSync(join(folder, core), join(folder, 'own', core), { recursive: true });
  for (const place of [folder, join(folder, 'own')])
    cpSync(join(__dirname, 'apps'), place, { recursive: true });
  process.env.SKIPSCALE_INSTALLED = folder;
  process.env.SKIPSCALE_TARBALL = join(folder, tarball);
};
