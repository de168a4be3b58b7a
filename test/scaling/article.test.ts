import fc from 'fast-check';
import { articleDepth, articleWidth, deviceResource } from '../../src/scaling/index.js';

describe('articleWidth', () => {
  test('is 2^k_w * 704 / 224', () => {
    expect(articleWidth(0)).toBeCloseTo(22 / 7, 12);
    expect(articleWidth(1)).toBeCloseTo(44 / 7, 12);
    expect(articleWidth(-1)).toBeCloseTo(11 / 7, 12);
    expect(() => articleWidth(NaN)).toThrow(/k_w is NaN/);
  });
});

describe('articleDepth', () => {
  test.each([
    [18, 0.5, 1, 18],
    [18, 0.5, 2, 27],
    [18, 0.5, 4, 36],
    [18, 0.5, 0.5, 9],
    [16, 0.1, 3, 18], // 16 * (1 + 0.1 * 1.585) = 18.5
    [100, 0.15, 2, 115],
    [50, 0, 1000, 50],
  ])('d_b %d, k_d %d, r %d give %d', (baseDepth, depthCoefficient, resource, depth) => {
    expect(articleDepth({ baseDepth, depthCoefficient, resource })).toBe(depth);
  });

  test('with r = 2^phi adds k_d of the base depth a step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 10 }), (baseDepth, phi) => {
        const depth = articleDepth({ baseDepth, depthCoefficient: 0.25, resource: 2 ** phi });
        expect(depth).toBe(Math.floor((baseDepth * (4 + phi)) / 4));
      }),
    );
  });

  test('refuses what has no depth', () => {
    const base = { baseDepth: 18, depthCoefficient: 0.5 };
    for (const resource of [0, -1, NaN, Infinity]) {
      expect(() => articleDepth({ ...base, resource })).toThrow(`resource is ${resource}`);
    }
    expect(() => articleDepth({ ...base, resource: 0.2 })).toThrow(/leaves a depth of -3/);
    expect(() => articleDepth({ ...base, baseDepth: 0, resource: 1 })).toThrow(/baseDepth is 0/);
    expect(() => articleDepth({ ...base, depthCoefficient: NaN, resource: 1 })).toThrow(
      /depthCoefficient is NaN/,
    );
  });
});

describe('deviceResource', () => {
  const tells = (value: object | undefined) =>
    Object.defineProperty(globalThis, 'navigator', { value, configurable: true, writable: true });
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  afterEach(() => {
    if (descriptor) Object.defineProperty(globalThis, 'navigator', descriptor);
    else Reflect.deleteProperty(globalThis, 'navigator');
  });

  test('is the lesser ratio to the reference of 8 GiB and 4 cores', () => {
    expect(deviceResource({ memory: 8, cores: 4 })).toBe(1);
    expect(deviceResource({ memory: 4, cores: 16 })).toBe(0.5);
    expect(deviceResource({ memory: 64, cores: 12 })).toBe(3);
    expect(deviceResource({ memory: 4, cores: 2 }, { memory: 2, cores: 1 })).toBe(2);
  });

  test('asks navigator for what is left out', () => {
    tells({ deviceMemory: 4, hardwareConcurrency: 8 });
    expect(deviceResource()).toBe(0.5);
    expect(deviceResource({ memory: 32 })).toBe(2);
  });

  test('leaves out what navigator does not tell', () => {
    tells({ hardwareConcurrency: 2 });
    expect(deviceResource()).toBe(0.5);
    tells(undefined);
    expect(deviceResource({ memory: 16 })).toBe(2);
    expect(() => deviceResource()).toThrow(/tells neither memory nor cores; give them/);
  });

  test('refuses what is not positive', () => {
    expect(() => deviceResource({ memory: 0, cores: 4 })).toThrow(/memory is 0/);
    expect(() => deviceResource({ memory: 8, cores: NaN })).toThrow(/cores is NaN/);
    expect(() => deviceResource({ memory: 8, cores: 4 }, { memory: 8, cores: 0 })).toThrow(
      /reference's cores is 0/,
    );
  });
});
