/**
 * Registers the gradients of tfjs's operations: `import 'skipscale/gradients'` in a page whose code takes gradients,
 * such as by `tf.variableGrads`. `train`, `fineTune` and the optimizers here bring them along, and Node always has them.
 *
 * @packageDocumentation
 */
import '#gradients';
