import { createRequire } from 'node:module';
import * as skipscale from 'skipscale';
import * as tf from '@tensorflow/tfjs-core';
import { train } from './train.cjs';

const required = createRequire(import.meta.url)('skipscale');
if (required.Random === skipscale.Random) throw new Error('These are not two copies.');
const results = [skipscale, required, skipscale].map((copy) => train(tf, copy));
console.log(JSON.stringify(results));
