import * as tf from '@tensorflow/tfjs-core';
import * as skipscale from 'skipscale';
import { train } from './train.cjs';

// On the default backend, or the one that is named.
if (process.argv[2]) await tf.setBackend(process.argv[2]);
console.log(JSON.stringify(train(tf, skipscale)));
