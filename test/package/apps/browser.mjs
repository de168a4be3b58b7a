// What the tests in a browser call.
import * as tf from '@tensorflow/tfjs-core';
import * as skipscale from 'skipscale';
import * as simd from 'skipscale/simd';
import { train } from './train.cjs';

Object.assign(globalThis, { tf, skipscale, simd, train: () => train(tf, skipscale) });
