/* eslint-disable no-control-regex -- files begin with such. */
/** Formats of images, each with how its files begin, a byte a character. */
const beginnings = {
  JPEG: /^\xff\xd8\xff/,
  PNG: /^\x89PNG\r\n\x1a\n/,
  GIF: /^GIF8[79]a/,
  WebP: /^RIFF[^]{4}WEBP/,
  // Most of them begin as TIFF does, which would give a small preview.
  'camera raw': /^(II\*\0[^]{4}CR|IIU\0|IIRO|FUJIFILM|[^]{4}ftypcrx)/,
  TIFF: /^(II[*+]\0|MM\0[*+])/,
  BMP: /^BM[^]{4}\0{4}/,
  AVIF: /^[^]{4}ftyp(avi[fs]|mif1[^]{4,40}avi[fs])/,
  HEIC: /^[^]{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/,
  'JPEG XL': /^(\xff\x0a|\0{3}\x0cJXL \r\n)/,
  'JPEG 2000': /^(\0{3}\x0cjP {2}\r\n|\xff\x4f\xff\x51)/,
  PNM: /^P[1-7]\s/,
  SVG: /^(\xef\xbb\xbf)?\s*<(svg[\s>]|(\?xml|!--|!DOCTYPE svg)[^]*<svg[\s>])/i,
  ICO: /^\0\0\x01\0[\x01-\x40]\0/,
  Photoshop: /^8BPS/,
  OpenEXR: /^v\/1\x01/,
};

/** The name of a format of images. */
export type ImageFormat = keyof typeof beginnings;

/** How many bytes of a file {@link imageFormat} takes. */
export const HEAD_BYTES = 512;

/** The format of an image by the first {@link HEAD_BYTES} of its file; undefined where it is none that is known. */
export function imageFormat(head: Uint8Array): ImageFormat | undefined {
  const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  const found = Object.entries(beginnings).find(([, beginning]) => beginning.test(text));
  return found?.[0] as ImageFormat | undefined;
}

/** The formats that ends of names stand for. */
const ends: readonly (readonly [RegExp, ImageFormat])[] = [
  [/\.(jpe?g|jpe|jfif)$/i, 'JPEG'],
  [/\.png$/i, 'PNG'],
  [/\.webp$/i, 'WebP'],
  [/\.gif$/i, 'GIF'],
  [/\.avif$/i, 'AVIF'],
  [/\.tiff?$/i, 'TIFF'],
  [/\.bmp$/i, 'BMP'],
  [/\.hei[cf]$/i, 'HEIC'],
  [/\.(dng|cr[23w]|nef|nrw|arw|sr[2fw]|orf|rw2|pef|raf)$/i, 'camera raw'],
];

/** The format that the end of a name stands for; undefined where it stands for none. */
export function formatOfName(path: string): ImageFormat | undefined {
  return ends.find(([end]) => end.test(path))?.[1];
}

/** Whether the colours of an image may be inks: those of a TIFF, or of a JPEG of four components. */
export function mayBeCmyk(bytes: Uint8Array): boolean {
  const format = imageFormat(bytes);
  return format === 'TIFF' || (format === 'JPEG' && ![1, 3].includes(jpegComponents(bytes)!));
}

/** How many values a pixel of a JPEG has, as the header of its frame says; undefined where it is not found. */
function jpegComponents(bytes: Uint8Array): number | undefined {
  for (let at = 2; bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    // From C0 to CF all begin a frame but for the tables C4 and CC, and C8, which is kept free.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return bytes[at + 9];
    // Any marker may have more bytes FF before it.
    at += marker === 0xff ? 1 : 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return undefined;
}
