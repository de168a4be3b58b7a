import type { ModelName } from '../models/build-model.js';
import type { ConventionName } from '../models/conventions.js';
import type { Preprocessing } from '../models/preprocessing.js';
import { EMBEDDED } from './embedded.js';

/** Published weights of one network. */
export interface PretrainedWeights {
  /** Whose they are and what they are called there, such as `timm/resnet50.a1_in1k`. */
  readonly name: string;
  readonly model: ModelName;
  /** What they were trained for. */
  readonly dataset: 'imagenet' | 'cifar10';
  /** Address of the file, as `load` takes it; `skipscale/resnet20-cifar10` is in this package. */
  readonly source: string;
  readonly convention: ConventionName;
  /** What differs from the preprocessing of the convention. Default nothing. */
  readonly preprocessing?: Partial<Preprocessing>;
  /** SPDX identifier, as the source states it. */
  readonly licence: string;
  /** Published top-1 accuracy in per cent with this preprocessing; undefined where none was published. */
  readonly top1?: number;
  /** The first digits of the file's SHA-256, where its name has them. */
  readonly sha256?: string;
}

const imageNet = { dataset: 'imagenet' } as const;

/** Licences and preprocessing as in timm 1.0.31; top-1 of its results-imagenet.csv, of ResNets at 224 of its model cards. */
function timm(
  model: ModelName,
  name: string,
  top1: number | undefined,
  preprocessing?: Partial<Preprocessing>,
): PretrainedWeights {
  return {
    ...imageNet,
    name: `timm/${name}`,
    model,
    source: `hf://timm/${name}/model.safetensors`,
    convention: name.startsWith('tf_') ? 'timm-tf' : 'timm',
    ...(preprocessing && { preprocessing }),
    licence: 'Apache-2.0',
    ...(top1 !== undefined && { top1 }),
  };
}

/**
 * Addresses, preprocessing and top-1 as in torchvision 0.29, whose licence is named; what it was trained on may have terms
 * attached, torchvision says.
 */
function torchvision(
  model: ModelName,
  name: string,
  file: string,
  top1: number,
  preprocessing?: Partial<Preprocessing>,
): PretrainedWeights {
  return {
    ...imageNet,
    name: `torchvision/${name}`,
    model,
    source: `https://download.pytorch.org/models/${file}.pth`,
    convention: 'torchvision',
    ...(preprocessing && { preprocessing }),
    licence: 'BSD-3-Clause',
    top1,
    sha256: file.slice(-8),
  };
}

/** Addresses as in Keras 3.15, top-1 of keras.io's table. The ResNets are ported from Kaiming He's, under the MIT licence. */
function keras(model: ModelName, name: string, path: string, top1: number): PretrainedWeights {
  return {
    ...imageNet,
    name: `keras/${name}`,
    model,
    source: `https://storage.googleapis.com/${path}.h5`,
    convention: 'keras',
    licence: name.startsWith('ResNet') ? 'MIT' : 'Apache-2.0',
    top1,
  };
}

const kerasV2 = 'tensorflow/keras-applications/efficientnet_v2/efficientnetv2';
const kerasResNets = 'tensorflow/keras-applications/resnet';

/** The weights that the builders know by name. Of a model and data set, the first one is the default. */
export const pretrainedWeights: readonly PretrainedWeights[] = [
  {
    name: 'skipscale/resnet20-cifar10',
    model: 'resnet20',
    dataset: 'cifar10',
    source: EMBEDDED,
    convention: 'torchvision',
    licence: 'Apache-2.0',
  },
  timm('resnet18', 'resnet18.a1_in1k', 71.49),
  timm('resnet34', 'resnet34.a1_in1k', 76.42),
  timm('resnet50', 'resnet50.a1_in1k', 80.38),
  timm('resnet101', 'resnet101.a1_in1k', 81.5),
  timm('resnet152', 'resnet152.a1_in1k', 81.97),
  timm('efficientnet-b0', 'tf_efficientnet_b0.ns_jft_in1k', 78.67),
  timm('efficientnet-b1', 'tf_efficientnet_b1.ns_jft_in1k', 81.394),
  timm('efficientnet-b2', 'tf_efficientnet_b2.ns_jft_in1k', 82.378),
  timm('efficientnet-b3', 'tf_efficientnet_b3.ns_jft_in1k', 84.056),
  timm('efficientnet-b4', 'tf_efficientnet_b4.ns_jft_in1k', 85.162),
  timm('efficientnet-b5', 'tf_efficientnet_b5.ns_jft_in1k', 86.088),
  timm('efficientnet-b6', 'tf_efficientnet_b6.ns_jft_in1k', 86.456),
  timm('efficientnet-b7', 'tf_efficientnet_b7.ns_jft_in1k', 86.84),
  timm('efficientnet-lite0', 'tf_efficientnet_lite0.in1k', 74.83),
  timm('efficientnet-lite1', 'tf_efficientnet_lite1.in1k', 76.644),
  timm('efficientnet-lite2', 'tf_efficientnet_lite2.in1k', 77.464),
  // timm evaluates these two at larger sizes than TensorFlow trained them at, 280 and 300.
  timm('efficientnet-lite3', 'tf_efficientnet_lite3.in1k', 79.808, { size: 300, resize: 331 }),
  timm('efficientnet-lite4', 'tf_efficientnet_lite4.in1k', 81.532, { size: 380, resize: 413 }),
  timm('efficientnet-b0', 'tf_efficientnet_b0.in1k', 76.532),
  timm('efficientnet-b1', 'tf_efficientnet_b1.in1k', 78.56),
  timm('efficientnet-b2', 'tf_efficientnet_b2.in1k', 79.604),
  timm('efficientnet-b3', 'tf_efficientnet_b3.in1k', 80.878),
  timm('efficientnet-b4', 'tf_efficientnet_b4.in1k', 82.608),
  timm('efficientnet-b5', 'tf_efficientnet_b5.in1k', 83.176),
  timm('efficientnet-b6', 'tf_efficientnet_b6.aa_in1k', 84.116),
  timm('efficientnet-b7', 'tf_efficientnet_b7.aa_in1k', 84.414),
  torchvision('resnet18', 'ResNet18_Weights.IMAGENET1K_V1', 'resnet18-f37072fd', 69.758),
  torchvision('resnet34', 'ResNet34_Weights.IMAGENET1K_V1', 'resnet34-b627a593', 73.314),
  torchvision('resnet50', 'ResNet50_Weights.IMAGENET1K_V2', 'resnet50-11ad3fa6', 80.858, { resize: 232 }),
  torchvision('resnet50', 'ResNet50_Weights.IMAGENET1K_V1', 'resnet50-0676ba61', 76.13),
  torchvision('resnet101', 'ResNet101_Weights.IMAGENET1K_V2', 'resnet101-cd907fc2', 81.886, { resize: 232 }),
  torchvision('resnet101', 'ResNet101_Weights.IMAGENET1K_V1', 'resnet101-63fe2227', 77.374),
  torchvision('resnet152', 'ResNet152_Weights.IMAGENET1K_V2', 'resnet152-f82ba261', 82.284, { resize: 232 }),
  torchvision('resnet152', 'ResNet152_Weights.IMAGENET1K_V1', 'resnet152-394f9c45', 78.312),
  torchvision(
    'efficientnet-b0',
    'EfficientNet_B0_Weights.IMAGENET1K_V1',
    'efficientnet_b0_rwightman-7f5810bc',
    77.692,
  ),
  torchvision(
    'efficientnet-b1',
    'EfficientNet_B1_Weights.IMAGENET1K_V2',
    'efficientnet_b1-c27df63c',
    79.838,
    {
      resize: 255,
      interpolation: 'bilinear',
    },
  ),
  torchvision(
    'efficientnet-b1',
    'EfficientNet_B1_Weights.IMAGENET1K_V1',
    'efficientnet_b1_rwightman-bac287d4',
    78.642,
  ),
  torchvision(
    'efficientnet-b2',
    'EfficientNet_B2_Weights.IMAGENET1K_V1',
    'efficientnet_b2_rwightman-c35c1473',
    80.608,
  ),
  torchvision(
    'efficientnet-b3',
    'EfficientNet_B3_Weights.IMAGENET1K_V1',
    'efficientnet_b3_rwightman-b3899882',
    82.008,
  ),
  torchvision(
    'efficientnet-b4',
    'EfficientNet_B4_Weights.IMAGENET1K_V1',
    'efficientnet_b4_rwightman-23ab8bcd',
    83.384,
  ),
  torchvision(
    'efficientnet-b5',
    'EfficientNet_B5_Weights.IMAGENET1K_V1',
    'efficientnet_b5_lukemelas-1a07897c',
    83.444,
  ),
  torchvision(
    'efficientnet-b6',
    'EfficientNet_B6_Weights.IMAGENET1K_V1',
    'efficientnet_b6_lukemelas-24a108a5',
    84.008,
  ),
  torchvision(
    'efficientnet-b7',
    'EfficientNet_B7_Weights.IMAGENET1K_V1',
    'efficientnet_b7_lukemelas-c5b4e57e',
    84.122,
  ),
  torchvision(
    'efficientnet-v2-l',
    'EfficientNet_V2_L_Weights.IMAGENET1K_V1',
    'efficientnet_v2_l-59c71312',
    85.808,
  ),
  torchvision(
    'efficientnet-v2-m',
    'EfficientNet_V2_M_Weights.IMAGENET1K_V1',
    'efficientnet_v2_m-dc08266a',
    85.112,
  ),
  torchvision(
    'efficientnet-v2-s',
    'EfficientNet_V2_S_Weights.IMAGENET1K_V1',
    'efficientnet_v2_s-dd5fe13b',
    84.228,
  ),
  torchvision(
    'resnext101_32x8d',
    'ResNeXt101_32X8D_Weights.IMAGENET1K_V2',
    'resnext101_32x8d-110c445d',
    82.834,
    { resize: 232 },
  ),
  torchvision(
    'resnext101_32x8d',
    'ResNeXt101_32X8D_Weights.IMAGENET1K_V1',
    'resnext101_32x8d-8ba56ff5',
    79.312,
  ),
  torchvision(
    'resnext101_64x4d',
    'ResNeXt101_64X4D_Weights.IMAGENET1K_V1',
    'resnext101_64x4d-173b62eb',
    83.246,
    { resize: 232 },
  ),
  torchvision(
    'resnext50_32x4d',
    'ResNeXt50_32X4D_Weights.IMAGENET1K_V2',
    'resnext50_32x4d-1a0047aa',
    81.198,
    { resize: 232 },
  ),
  torchvision('resnext50_32x4d', 'ResNeXt50_32X4D_Weights.IMAGENET1K_V1', 'resnext50_32x4d-7cdf4587', 77.618),
  torchvision(
    'wide_resnet101_2',
    'Wide_ResNet101_2_Weights.IMAGENET1K_V2',
    'wide_resnet101_2-d733dc28',
    82.51,
    { resize: 232 },
  ),
  torchvision(
    'wide_resnet101_2',
    'Wide_ResNet101_2_Weights.IMAGENET1K_V1',
    'wide_resnet101_2-32ee1156',
    78.848,
  ),
  torchvision(
    'wide_resnet50_2',
    'Wide_ResNet50_2_Weights.IMAGENET1K_V2',
    'wide_resnet50_2-9ba9bcbe',
    81.602,
    { resize: 232 },
  ),
  torchvision('wide_resnet50_2', 'Wide_ResNet50_2_Weights.IMAGENET1K_V1', 'wide_resnet50_2-95faca4d', 78.468),
  timm('resnet50d', 'resnet50d.a1_in1k', undefined),
  timm('seresnet50', 'seresnet50.a1_in1k', undefined),
  timm('resnext50_32x4d', 'resnext50_32x4d.a1_in1k', undefined),
  timm('efficientnet-v2-s', 'tf_efficientnetv2_s.in1k', undefined),
  timm('efficientnet-v2-m', 'tf_efficientnetv2_m.in1k', undefined),
  timm('efficientnet-v2-l', 'tf_efficientnetv2_l.in1k', undefined),
  timm('efficientnet-v2-b0', 'tf_efficientnetv2_b0.in1k', undefined),
  timm('efficientnet-v2-b1', 'tf_efficientnetv2_b1.in1k', undefined),
  timm('efficientnet-v2-b2', 'tf_efficientnetv2_b2.in1k', undefined),
  timm('efficientnet-v2-b3', 'tf_efficientnetv2_b3.in1k', undefined),
  keras('resnet50', 'ResNet50', `${kerasResNets}/resnet50_weights_tf_dim_ordering_tf_kernels`, 74.9),
  keras('resnet101', 'ResNet101', `${kerasResNets}/resnet101_weights_tf_dim_ordering_tf_kernels`, 76.4),
  keras('resnet152', 'ResNet152', `${kerasResNets}/resnet152_weights_tf_dim_ordering_tf_kernels`, 76.6),
  keras('efficientnet-b0', 'EfficientNetB0', 'keras-applications/efficientnetb0', 77.1),
  keras('efficientnet-b1', 'EfficientNetB1', 'keras-applications/efficientnetb1', 79.1),
  keras('efficientnet-b2', 'EfficientNetB2', 'keras-applications/efficientnetb2', 80.1),
  keras('efficientnet-b3', 'EfficientNetB3', 'keras-applications/efficientnetb3', 81.6),
  keras('efficientnet-b4', 'EfficientNetB4', 'keras-applications/efficientnetb4', 82.9),
  keras('efficientnet-b5', 'EfficientNetB5', 'keras-applications/efficientnetb5', 83.6),
  keras('efficientnet-b6', 'EfficientNetB6', 'keras-applications/efficientnetb6', 84.0),
  keras('efficientnet-b7', 'EfficientNetB7', 'keras-applications/efficientnetb7', 84.3),
  keras('efficientnet-v2-b0', 'EfficientNetV2B0', `${kerasV2}-b0`, 78.7),
  keras('efficientnet-v2-b1', 'EfficientNetV2B1', `${kerasV2}-b1`, 79.8),
  keras('efficientnet-v2-b2', 'EfficientNetV2B2', `${kerasV2}-b2`, 80.5),
  keras('efficientnet-v2-b3', 'EfficientNetV2B3', `${kerasV2}-b3`, 82.0),
  keras('efficientnet-v2-s', 'EfficientNetV2S', `${kerasV2}-s`, 83.9),
  keras('efficientnet-v2-m', 'EfficientNetV2M', `${kerasV2}-m`, 85.3),
  keras('efficientnet-v2-l', 'EfficientNetV2L', `${kerasV2}-l`, 85.7),
];
