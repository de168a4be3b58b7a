import * as tf from '@tensorflow/tfjs-core';
import * as skipscale from 'skipscale';
import { train } from './train.cjs';

// On the default backend, or the one that is named.
const ready = process.argv[2] ? tf.setBackend(process.argv[2]) : tf.ready();
ready.then(() => console.log(JSON.stringify(train(tf, skipscale))));
