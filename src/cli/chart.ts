import type { EChartsOption } from 'echarts';
import { InvalidArgumentError } from 'commander';
import { replaceFile } from '../core/replace-file.js';
import { optionalPackage } from './optional-package.js';

/** Reads an argument that is the path of an SVG or PNG file. */
export function chartFile(text: string): string {
  if (!/\.(svg|png)$/i.test(text))
    throw new InvalidArgumentError('Give a file whose name ends in .svg or .png.');
  return text;
}

/**
 * Draws a chart into a file, whose ending tells whether as SVG or as PNG, of twice as many pixels.
 * @throws Error where echarts, or for PNG sharp, is not installed.
 */
export async function writeChart(
  path: string,
  option: EChartsOption,
  size: { width: number; height: number },
): Promise<void> {
  const echarts = await optionalPackage(() => import('echarts'), 'Drawing charts takes echarts', 'echarts');
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    chart.setOption({ animation: false, backgroundColor: '#fff', ...option });
    const svg = chart.renderToSVGString();
    await replaceFile(path, path.toLowerCase().endsWith('.png') ? await rasterize(svg) : svg);
  } finally {
    chart.dispose();
  }
}

async function rasterize(svg: string): Promise<Uint8Array> {
  const { default: sharp } = await optionalPackage(
    () => import('sharp'),
    'Drawing PNG files takes sharp',
    'sharp',
  );
  // SVG's pixels are 1/72 inch.
  return sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
}
