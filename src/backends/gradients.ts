/**
 * Registers the gradient of every tfjs operation, which tfjs-core's main modules do not.
 *
 * This is for Node, where the build bundles it (see scripts/build.js): plain Node cannot import tfjs-core's
 * extensionless ESM. Bundlers for browsers can, so there package.json's `#gradients` names tfjs-core's file itself.
 */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
