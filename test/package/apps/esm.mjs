import * as tf from '@tensorflow/tfjs-core';
import * as skipscale from 'skipscale';
import { train } from './train.cjs';

console.log(JSON.stringify(train(tf, skipscale)));
