/** A colour, red, green and blue from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Colours at even distances, as hexadecimal numbers one after the other. */
const scales = {
  /** From black over red to light yellow: Smith and van der Walt's, of matplotlib. Evenly perceived. */
  inferno:
    '0000040403120b0724150b37210c4a2f0a5b3d09654a0c6b57106e64156e71196e7d1e6d8a226a972766a32c61b0315bbc3754c73e4cd24644db503be45a31' +
    'eb6628f1731df68013f98e09fb9d07fcac11fbbc21f9cb35f5db4cf2ea69f3f68afcffa4',
  /** From blue over black to red: Crameri's berlin. Evenly perceived. */
  berlin:
    '9eb0ff8caef679abed65a7e2519fd34194c13685ad2e76992868862259731d4b61183d4f14303e11242e111a20121214190c09220c022b0e01351000411201' +
    '4d16025b1d086c27117d341e8e422e9e513fae6051be6f63ce7f76df8f89f09f9cffadad',
} as const;

/** The colour of a value from 0 to 1, in a scale. */
export function colorOf(scale: keyof typeof scales, value: number): Rgb {
  const colors = tables[scale];
  const place = Math.min(Math.max(value, 0), 1) * (colors.length - 1);
  const low = Math.min(Math.floor(place), colors.length - 2);
  const part = place - low;
  const mix = (c: 0 | 1 | 2) => colors[low]![c] * (1 - part) + colors[low + 1]![c] * part;
  return [mix(0), mix(1), mix(2)];
}

const tables = { inferno: tableOf(scales.inferno), berlin: tableOf(scales.berlin) };

function tableOf(hex: string): Rgb[] {
  return hex.match(/.{6}/g)!.map((color) => {
    const value = parseInt(color, 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  });
}
