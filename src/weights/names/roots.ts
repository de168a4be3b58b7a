/** What tells the weights of a network among other tensors: what a source calls its first kernel, its parts and its head. */
export interface Root {
  /** The key of the first kernel. */
  readonly stem: string;
  /** Keys of all that is not the head. */
  readonly body: RegExp;
  /** Names of the head; of several, each is one source's. */
  readonly heads: readonly [string, ...string[]];
}

/** One for each way in which the name maps name a family. */
export const roots: readonly Root[] = [
  { stem: 'conv1.weight', body: /^(conv1|bn1|layer\d+)\./, heads: ['fc', 'linear'] },
  { stem: 'features.0.0.weight', body: /^features\./, heads: ['classifier.1'] },
  { stem: 'conv_stem.weight', body: /^(conv_stem|bn1|blocks|conv_head|bn2)\./, heads: ['classifier'] },
  { stem: 'resnet.embedder.embedder.convolution.weight', body: /^resnet\./, heads: ['classifier.1'] },
  { stem: 'efficientnet.embeddings.convolution.weight', body: /^efficientnet\./, heads: ['classifier'] },
  { stem: '_conv_stem.weight', body: /^_(conv_stem|bn0|blocks|conv_head|bn1)\./, heads: ['_fc'] },
  { stem: 'conv1_conv/kernel', body: /^conv\d+_/, heads: ['predictions'] },
  { stem: 'stem_conv/kernel', body: /^(stem|block\d+[a-z]+|top)_/, heads: ['predictions'] },
  { stem: 'stem.conv.weight', body: /^(stem|stages|lastConv)\./, heads: ['head'] },
];
