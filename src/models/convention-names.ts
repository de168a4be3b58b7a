/** Whose conventions there are; `'timm-tf'` are timm's ports from TensorFlow, `tf_efficientnet_*`. */
export const conventionNames = ['torchvision', 'timm', 'timm-tf', 'keras'] as const;

/**
 * Whose numbers a model follows: padding, stride placement, convolution biases, epsilon, momentum, initialisation and
 * preprocessing, all together, since a wrong combination fails silently.
 */
export type ConventionName = (typeof conventionNames)[number];
