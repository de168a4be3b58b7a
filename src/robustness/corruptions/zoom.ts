import type { Layer } from './pixels.js';

/** The middle of a layer, enlarged by straight lines between pixels, so that it is at least as large as the layer was. */
export function zoomed(layer: Layer, factor: number): Layer {
  const { channels, data } = layer;
  const columns = lineOf(layer.width, factor);
  const rows = lineOf(layer.height, factor);
  const [width, height] = [columns.places.length, rows.places.length];
  const out = new Float32Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const { low: top, share: down } = rows.places[y]!;
    const upper = (rows.start + top) * layer.width;
    const lower = (rows.start + Math.min(top + 1, rows.length - 1)) * layer.width;
    for (let x = 0; x < width; x++) {
      const { low, share } = columns.places[x]!;
      const left = columns.start + low;
      const right = columns.start + Math.min(low + 1, columns.length - 1);
      for (let c = 0; c < channels; c++) {
        const at = (pixel: number) => data[pixel * channels + c]!;
        const above = at(upper + left) * (1 - share) + at(upper + right) * share;
        const below = at(lower + left) * (1 - share) + at(lower + right) * share;
        out[(y * width + x) * channels + c] = above * (1 - down) + below * down;
      }
    }
  }
  return { width, height, channels, data: out };
}

/** The part of a line that is enlarged, and where its pixels come from. */
interface Line {
  readonly start: number;
  readonly length: number;
  readonly places: readonly { readonly low: number; readonly share: number }[];
}

function lineOf(size: number, factor: number): Line {
  const length = Math.ceil(size / factor);
  const start = Math.floor((size - length) / 2);
  const count = Math.round(length * factor);
  const step = count > 1 ? (length - 1) / (count - 1) : 0;
  const places = Array.from({ length: count }, (_, i) => {
    const low = Math.min(Math.floor(i * step), length - 1);
    return { low, share: Math.min(i * step, length - 1) - low };
  });
  return { start, length, places };
}
