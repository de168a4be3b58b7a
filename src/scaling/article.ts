/**
 * The formulas of the popular article on scaling that this library grew from. They are not the EfficientNet paper's:
 * `compoundScale` is. They are kept under names of their own, for readers who come from there.
 */
import { ScalingError, checkPositive } from './errors.js';

/** The sides of the images that the article's width formula chooses from, in pixels, and the one it divides by. */
const ARTICLE_LARGE = 704;
const ARTICLE_LARGEST = 1280;
const ARTICLE_BASE = 224;

/**
 * The article's width: 2^k_w * min(704, 1280) / 224.
 *
 * It differs from the paper's width, beta^phi: the minimum is of two constants and always 704, so that the formula is
 * 22/7 * 2^k_w. It doubles with each step where the paper's grows by a tenth, it never gives 1, and it mixes an image
 * size into what multiplies channels.
 * @param kw - The width coefficient, any finite number.
 */
export function articleWidth(kw: number): number {
  if (!Number.isFinite(kw)) throw new ScalingError(`k_w is ${kw}; give a finite number.`);
  return (2 ** kw * Math.min(ARTICLE_LARGE, ARTICLE_LARGEST)) / ARTICLE_BASE;
}

/** Arguments of {@link articleDepth}. */
export interface ArticleDepth {
  /** Layers (or repeats) of the base network, d_b. */
  readonly baseDepth: number;
  /** Layers added by each doubling of the resource, as a part of the base depth, k_d. */
  readonly depthCoefficient: number;
  /** The device's resource against a reference device, r; see {@link deviceResource}. */
  readonly resource: number;
}

/**
 * The article's depth: floor(d_b * (1 + k_d * log(r) / log(2))).
 *
 * It differs from the paper's depth, alpha^phi * d_b rounded up: it grows with the logarithm of a resource and not with
 * a power of phi, it rounds down, and width and resolution play no part. With r = 2^phi it is linear in phi.
 * @throws ScalingError where d_b or r is not positive, or where the depth would be less than one layer.
 */
export function articleDepth({ baseDepth, depthCoefficient, resource }: ArticleDepth): number {
  checkPositive('baseDepth', baseDepth);
  checkPositive('resource', resource);
  if (!Number.isFinite(depthCoefficient)) {
    throw new ScalingError(`depthCoefficient is ${depthCoefficient}; give a finite number.`);
  }
  const depth = Math.floor(baseDepth * (1 + depthCoefficient * Math.log2(resource)));
  if (depth < 1) {
    throw new ScalingError(
      `The resource ${resource} leaves a depth of ${depth}; give a larger resource or a smaller depthCoefficient.`,
    );
  }
  return depth;
}

/** What a device computes with. */
export interface Device {
  /** Working memory in GiB. */
  readonly memory: number;
  /** Processor cores. */
  readonly cores: number;
}

/** A common laptop: what a resource of 1 means unless another reference is given. */
export const REFERENCE_DEVICE: Device = { memory: 8, cores: 4 };

/**
 * The article's r: how much a device has of its scarcest resource against a reference, the lesser of the two ratios of
 * memory and cores.
 * @param device - Default this device, as far as `navigator` tells: browsers report at most 8 GiB, and Safari, Firefox
 * and Node report no memory, for which the reference's is taken.
 * @throws ScalingError where memory or cores is not positive.
 */
export function deviceResource(device: Partial<Device> = {}, reference: Device = REFERENCE_DEVICE): number {
  const { memory = thisDevice().memory ?? reference.memory, cores = thisDevice().cores ?? reference.cores } =
    device;
  for (const [name, value] of Object.entries({ memory, cores })) checkPositive(name, value);
  for (const [name, value] of Object.entries(reference)) checkPositive(`The reference's ${name}`, value);
  return Math.min(memory / reference.memory, cores / reference.cores);
}

function thisDevice(): Partial<Device> {
  const { navigator } = globalThis as { navigator?: { deviceMemory?: number; hardwareConcurrency?: number } };
  return { memory: navigator?.deviceMemory, cores: navigator?.hardwareConcurrency };
}
