import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

// The backend's first tensor would print an advertisement for tfjs-node.
const cpu = tf.findBackend('cpu') as unknown as { firstUse: boolean };
cpu.firstUse = false;
