// node onnxruntime.js web|node MODEL THREADS BATCH: a prediction in ONNX Runtime, in WebAssembly or native.
import { fileURLToPath } from 'node:url';
import { pixels, serve } from './serve.js';

const [kind, name, threads, batch] = process.argv.slice(2);
const ort = await import(`onnxruntime-${kind}`);
if (kind === 'web') ort.env.wasm.numThreads = Number(threads);
const file = fileURLToPath(new URL(`../networks/${name}.onnx`, import.meta.url));
const session = await ort.InferenceSession.create(file, { intraOpNumThreads: Number(threads) });
const images = new ort.Tensor('float32', pixels(Number(batch)), [Number(batch), 3, 224, 224]);
await serve(() => session.run({ images }));
