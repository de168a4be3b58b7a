import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { describeOnWebgpu, webgpuBackend } from '../../helpers/webgpu.js';

const folder = join(__dirname, '..', '..', '..');
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), 'utf8')) as never;

// src/backends/webgpu/tfjs.ts knows the inside of one version of tfjs's backend. Where this fails, compare that file and
// recording.ts with the new backend_webgpu.js.
test('package.json asks for the version of tfjs-backend-webgpu whose inside is known', () => {
  const { peerDependencies } = readJson('package.json') as { peerDependencies: Record<string, string> };
  expect(peerDependencies['@tensorflow/tfjs-backend-webgpu']).toBe('~4.22.0');
  const { version } = readJson('node_modules', '@tensorflow', 'tfjs-backend-webgpu', 'package.json') as {
    version: string;
  };
  expect(version).toBe('4.22.0');
});

test.each([
  ['recordAndSubmit', 4],
  ['uploadToGPU', 1],
  ['submitQueue', 0],
  ['getBufferData', 1],
  ['makeUniforms', 1],
  ['ensureCommandEncoderReady', 0],
  ['endComputePassEncoder', 0],
  ['makeTensorInfo', 3],
  ['readToGPU', 1],
  ['runWebGPUProgram', 5],
])('tfjs has the method %s, of %i arguments', (name, count) => {
  const method = (WebGPUBackend.prototype as unknown as Record<string, (...args: unknown[]) => unknown>)[
    name
  ];
  expect(method).toHaveLength(count);
});

test("tfjs's runWebGPUProgram runs programs by what is overridden here", () => {
  const source = String(WebGPUBackend.prototype.runWebGPUProgram);
  for (const part of ['this.uploadToGPU(', 'this.recordAndSubmit(', 'this.pipelineCache['])
    expect(source).toContain(part);
});

describeOnWebgpu("tfjs's backend, as it was made", () => {
  test.each([
    'device',
    'queue',
    'tensorMap',
    'bufferManager',
    'commandEncoder',
    'computePassEncoder',
    'commandQueueOwnedIds',
    'uniformPendingDisposal',
    'pipelineCache',
  ])('it has the field %s', (name) => expect(Object.keys(webgpuBackend())).toContain(name));
});
