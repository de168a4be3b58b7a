/**
 * A worker that runs ONNX files by the packages of `workerData`, each with the package.json to find it from: outside of
 * jest's sandbox, whose arrays are of another realm. Takes `{ model, inputs: { shape, values }[] }`, and answers with the
 * outputs of each package in turn, of one session for all inputs.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const runtimes = workerData.map(({ name, from }) => ({ name, ...createRequire(from)(name) }));
for (const { env } of runtimes) env.wasm.numThreads = 1;

parentPort.on('message', async ({ model, inputs }) => {
  const outputs = [];
  for (const { name, InferenceSession, Tensor } of runtimes) {
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    for (const { shape, values } of inputs) {
      const [output] = Object.values(await session.run({ images: new Tensor('float32', values, shape) }));
      outputs.push({ runtime: name, shape: output.dims, values: output.data });
    }
    await session.release();
  }
  parentPort.postMessage(outputs);
});
