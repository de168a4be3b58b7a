/** What is changed, by the names of `kinds.js`. */
export const kindNames = [
  'safetensors',
  'pth',
  'legacy-pth',
  'h5',
  'keras',
  'saved-model',
  'pytorch-model',
  'training',
  'shards',
  'manifest',
  'config',
  'tar',
  'tar-gz',
  'idx',
  'cifar',
  'image',
];

/** Files of 100 MB, whose headers are changed. */
export const largeNames = ['large-safetensors', 'large-pth', 'large-h5'];
