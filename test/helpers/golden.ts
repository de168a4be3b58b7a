import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The values of test/golden/rule.py for a name: `count` numbers in [-1, 1), in row-major order; times `scale`, plus
 * `shift`.
 */
export function ruleValues(name: string, count: number, scale = 1, shift = 0): Float64Array {
  return fillRule(new Float64Array(count), name, scale, shift);
}

/** {@link ruleValues} as float32, for tensors. */
export function ruleFloats(name: string, count: number, scale = 1, shift = 0): Float32Array {
  return fillRule(new Float32Array(count), name, scale, shift);
}

function fillRule<T extends Float32Array | Float64Array>(
  values: T,
  name: string,
  scale: number,
  shift: number,
): T {
  const seed = fnv1a32(name);
  for (let i = 0; i < values.length; i++) {
    const s = (seed + Math.imul(i + 1, 0x6d2b79f5)) | 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    values[i] = shift + scale * ((2 * ((t ^ (t >>> 14)) >>> 0)) / 2 ** 32 - 1);
  }
  return values;
}

function fnv1a32(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/** The flat indices floor(k * length / count), as rule.py's `spread` takes them. */
export function spreadIndices(length: number, count: number): number[] {
  const n = Math.min(count, length);
  return Array.from({ length: n }, (_, k) => Math.floor((k * length) / n));
}

/** Values at {@link spreadIndices}. */
export function spread(values: ArrayLike<number>, count: number): number[] {
  return spreadIndices(values.length, count).map((index) => values[index]!);
}

/** The parsed file below test/golden. */
export function readGolden<T>(file: string): T {
  return JSON.parse(readFileSync(join(__dirname, '..', 'golden', file), 'utf8')) as T;
}

/** The largest distance of two lists, relative to the standard deviation that `b` comes from. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>, std = deviation(b)): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs(a[i]! - b[i]!);
    if (!(distance <= largest)) largest = distance;
  }
  return largest / std;
}

function deviation(values: ArrayLike<number>): number {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return Math.sqrt(list.reduce((s, v) => s + (v - mean) ** 2, 0) / list.length);
}

/** The Euclidean norm. */
export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}
