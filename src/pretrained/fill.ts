import { check, checkBoolean, pickOptions } from '../core/errors.js';
import { modelOptionNames, type ModelOptions } from '../models/build-model.js';
import type { ConventionName } from '../models/conventions.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { cifar10Labels } from '../models/labels/cifar10.js';
import { loadInto } from '../weights/load.js';
import type { NetworkWeightsOptions } from '../weights/network-weights.js';
import { networkWeightsOptionNames } from '../weights/option-names.js';
import { EMBEDDED, embeddedWeights } from './embedded.js';
import type { PretrainedOptions } from './options.js';
import { pretrainedWeights, type PretrainedWeights } from './pretrained-weights.js';

/** The network that `build` builds, filled with the weights of the options. */
export async function fillBuilt(
  name: string,
  given: PretrainedOptions,
  build: (options: ModelOptions) => ImageClassifier,
): Promise<ImageClassifier> {
  const options = pickOptions<ModelOptions>(given, modelOptionNames);
  const readOptions = pickOptions<NetworkWeightsOptions>(given, networkWeightsOptionNames);
  const { weights, config, head, onLoaded } = given;
  const { convention, classes, includeTop = true, seed, size } = options;
  checkBoolean('includeTop', includeTop);
  const published =
    weights === undefined || typeof weights === 'string' ? findWeights(weights, name, convention) : undefined;
  const model = await loadInto(
    published ? await sourceOf(published) : weights!,
    {
      convention: convention ?? published?.convention,
      // What is next to published weights, the table says already.
      known: published && { preprocessing: published.preprocessing, labels: await labelsOf(published) },
      ...readOptions,
      config,
      onLoaded,
      sha256: readOptions.sha256 ?? published?.sha256,
    },
    (architecture, { preprocessing, ...found }) => {
      check(
        architecture.name === name,
        () => `The weights are of ${architecture.name}, and not of ${name}; build that one, or give others.`,
      );
      const builtClasses = architecture.classes ?? (head === false ? classes : undefined);
      return build({
        ...options,
        ...found,
        preprocessing: {
          ...preprocessing,
          // The sides in the table are for the published size.
          ...(size !== undefined && { size: undefined, resize: undefined }),
          ...options.preprocessing,
        },
        classes: builtClasses,
        includeTop: builtClasses !== undefined,
      });
    },
  );
  if (!includeTop) model.removeHead();
  else if (classes !== undefined && (classes !== model.classes || head === false))
    model.resetHead(classes, { seed });
  return model;
}

/** The weights of this name, or the first of this data set or of any; undefined where the name is neither. */
function findWeights(
  weights: string | undefined,
  model: string,
  convention?: ConventionName,
): PretrainedWeights | undefined {
  const named = pretrainedWeights.find(({ name }) => name === weights);
  check(
    named === undefined || named.model === model,
    () => `'${weights}' are weights of ${named!.model}, and not of ${model}; build that one, or give others.`,
  );
  const ofDataset = pretrainedWeights.filter(({ dataset }) => weights === undefined || dataset === weights);
  if (ofDataset.length === 0) return named;
  const ofModel = ofDataset.filter((entry) => entry.model === model);
  const found = ofModel.find((entry) => convention === undefined || entry.convention === convention);
  check(found !== undefined, () => {
    const others =
      ofModel.length > 0 ? ofModel.map(({ name }) => name) : ofDataset.map((entry) => entry.model);
    const which = ofModel.length > 0 ? ` of the convention '${convention}'` : '';
    const called = weights === undefined ? 'published weights' : `weights '${weights}'`;
    return `There are no ${called} of ${model}${which}; there are ${[...new Set(others)].join(', ')}.`;
  });
  return found;
}

/** The names of the classes of the data set that weights were trained for. */
async function labelsOf({ dataset }: PretrainedWeights): Promise<readonly string[]> {
  if (dataset === 'cifar10') return cifar10Labels;
  return (await import('../models/labels/imagenet.js')).imageNetLabels;
}

/** The address of published weights, or the bytes of those in this package. */
async function sourceOf({ source }: PretrainedWeights): Promise<string | Uint8Array> {
  return source === EMBEDDED ? embeddedWeights() : source;
}
