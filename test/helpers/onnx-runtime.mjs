/**
 * Runs ONNX files by onnxruntime-node and onnxruntime-web, in a process of its own: in jest's sandbox, their arrays are of
 * another realm. Takes the folder with their packages and a JSON file of `{ model, shape, values }[]`; prints the outputs.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [packages, jobs] = process.argv.slice(2);
const require = createRequire(packages);
const oneThread = { intraOpNumThreads: 1, interOpNumThreads: 1 };
const outputs = [];
for (const name of ['onnxruntime-node', 'onnxruntime-web']) {
  const { InferenceSession, Tensor, env } = require(name);
  env.wasm.numThreads = 1;
  for (const { model, shape, values } of JSON.parse(readFileSync(jobs, 'utf8'))) {
    const session = await InferenceSession.create(new Uint8Array(readFileSync(model)), oneThread);
    const images = new Tensor('float32', Float32Array.from(values), shape);
    const [output] = Object.values(await session.run({ images }));
    outputs.push({ runtime: name, model, shape: output.dims, values: Array.from(output.data) });
  }
}
process.stdout.write(JSON.stringify(outputs));
