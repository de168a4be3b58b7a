/**
 * The formulas of the popular article on scaling that this library grew from. They are not the EfficientNet paper's:
 * `compoundScale` is. They are kept under other names, for readers who come from there.
 */
import { ArgumentError, checkOptions, checkPositive } from '../core/errors.js';

/**
 * The article's width: 2^k_w * min(704, 1280) / 224.
 *
 * It differs from the paper's width, beta^phi: the minimum is of two constants and always 704, so that the formula is
 * 22/7 * 2^k_w. It doubles with each step where the paper's grows by a tenth, it gives 22/7 and not 1 for the base
 * network (k_w = 0), and it divides by an image size, 224, which has no part in the number of channels.
 * @param kw - The width coefficient, any finite number.
 * @throws ArgumentError where it is not.
 */
export function articleWidth(kw: number): number {
  if (!Number.isFinite(kw)) throw new ArgumentError(`k_w is ${kw}; give a finite number.`);
  return (2 ** kw * Math.min(704, 1280)) / 224;
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
 * a power of phi, it rounds down, and width and size play no part. With r = 2^phi it is linear in phi.
 * @throws ArgumentError where d_b or r is not positive, or where the depth would be less than one layer.
 */
export function articleDepth(options: ArticleDepth): number {
  checkOptions('articleDepth', options, { baseDepth: true, depthCoefficient: true, resource: true });
  const { baseDepth, depthCoefficient, resource } = options;
  checkPositive('baseDepth', baseDepth);
  checkPositive('resource', resource);
  if (!Number.isFinite(depthCoefficient)) {
    throw new ArgumentError(`depthCoefficient is ${depthCoefficient}; give a finite number.`);
  }
  const exact = baseDepth * (1 + depthCoefficient * Math.log2(resource));
  // 100 * 1.15 is 114.99999999999999: twelve digits keep a whole depth whole.
  const depth = Math.floor(Number(exact.toPrecision(12)));
  if (depth < 1) {
    throw new ArgumentError(
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
 * @param device - What the device has; what is left out is asked of `navigator`, and where that does not tell either it
 * does not count. Chromium tells both (memory as a power of two of at most 8 GiB), Safari, Firefox and Node from 21 on
 * cores only, Node 20 neither.
 * @param reference - The device that has r = 1. Default {@link REFERENCE_DEVICE}.
 * @throws ArgumentError where memory or cores is not positive, or where neither is known.
 */
export function deviceResource(device: Partial<Device> = {}, reference: Device = REFERENCE_DEVICE): number {
  checkOptions('deviceResource: the device', device, { memory: true, cores: true });
  checkOptions('deviceResource: the reference', reference, { memory: true, cores: true });
  const { navigator } = globalThis as { navigator?: { deviceMemory?: number; hardwareConcurrency?: number } };
  const { memory = navigator?.deviceMemory, cores = navigator?.hardwareConcurrency } = device;
  const ratios = [];
  for (const [name, value] of Object.entries({ memory, cores }) as [keyof Device, number | undefined][]) {
    if (value === undefined) continue;
    checkPositive(name, value);
    checkPositive(`The reference's ${name}`, reference[name]);
    ratios.push(value / reference[name]);
  }
  if (ratios.length === 0) {
    throw new ArgumentError(
      'This platform tells neither memory nor cores; give them: ' +
        'deviceResource({ memory: os.totalmem() / 2 ** 30, cores: os.availableParallelism() }) in Node.',
    );
  }
  return Math.min(...ratios);
}
