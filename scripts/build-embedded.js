/**
 * Writes `src/pretrained/resnet20-cifar10.ts`: the weights in `weights/resnet20-cifar10.safetensors` as base64. As text in
 * a module they need no address, so Node, bundlers and browsers all find them.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const source = path('weights/resnet20-cifar10.safetensors');
const target = path('src/pretrained/resnet20-cifar10.ts');

/** Writes it where the weights are newer. */
export function buildEmbedded() {
  if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) return;
  writeFileSync(
    target,
    `// Made by scripts/build-embedded.js.\n\n` +
      `/** ResNet-20 for CIFAR-10, trained by this library: safetensors of float16, base64. */\n` +
      `export const resnet20Cifar10: string =\n  '${readFileSync(source).toString('base64')}';\n`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildEmbedded();
