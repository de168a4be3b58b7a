// What the tests in a browser call.
import * as tf from '@tensorflow/tfjs-core';
import * as skipscale from 'skipscale';
import 'skipscale/simd';
import { train } from './train.cjs';

Object.assign(globalThis, { tf, skipscale, train: () => train(tf, skipscale) });
