/**
 * A worker that runs ONNX files by the packages of `workerData`, each with the package.json to find it from: outside of
 * jest's sandbox, whose arrays are of another realm. Takes `{ model, inputs }`, where an element of `inputs` is
 * `{ name: { shape, values } }`, and answers with `{ outputs }`, those by name of each package in turn, of one session for all
 * inputs, or with `{ error }`.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const runtimes = workerData.map(({ name, from }) => ({ name, ...createRequire(from)(name) }));
for (const { env } of runtimes) env.wasm.numThreads = 1;

async function run(model, inputs) {
  const outputs = [];
  for (const { name, InferenceSession, Tensor } of runtimes) {
    const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    for (const input of inputs) {
      const feeds = Object.entries(input).map(([key, { shape, values }]) => [
        key,
        new Tensor('float32', values, shape),
      ]);
      const found = await session.run(Object.fromEntries(feeds));
      for (const [key, { dims, data }] of Object.entries(found))
        outputs.push({ runtime: name, name: key, shape: dims, values: data });
    }
    await session.release();
  }
  return outputs;
}

parentPort.on('message', async ({ model, inputs }) => {
  try {
    parentPort.postMessage({ outputs: await run(model, inputs) });
  } catch (error) {
    parentPort.postMessage({ error: String(error) });
  }
});
