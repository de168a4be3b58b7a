/**
 * Registers the gradient of every tfjs operation.
 *
 * tfjs-core's main bundle for Node registers none, so `tf.grads` fails there without this import. The build
 * bundles this file (see scripts/build.js), since plain Node cannot import tfjs-core's extensionless ESM.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
