import { check, checkOptions, shown } from '../../core/errors.js';
import type { CalibrationBin } from '../../training/calibration-bins.js';
import { Markup, markup } from '../../core/markup.js';

/** Options of {@link reliabilityDiagram}. */
export interface ReliabilityDiagramOptions {
  /** Written above the diagram. Default nothing. */
  readonly title?: string;
}

/** Sides of the diagram and of its parts, in pixels. */
const LEFT = 48;
const TOP = 30;
const SIDE = 300;
const GAP = 14;
const COUNTS = 60;
const WIDTH = LEFT + SIDE + 16;
const HEIGHT = TOP + SIDE + GAP + COUNTS + 40;

// A page may set the variables; alone, the figure follows the reader's colour scheme.
const STYLE = new Markup(`
.reliability { --d-ink: var(--ink, #1f2328); --d-faint: var(--line, #d0d7de); --d-bar: var(--accent, #2563a8); --d-gap: var(--bad, #c2410c); font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .reliability { --d-ink: var(--ink, #e6edf3); --d-faint: var(--line, #3d444d); --d-bar: var(--accent, #6cb0f5); --d-gap: var(--bad, #fb923c); } }
.reliability text { fill: var(--d-ink); } .reliability .grid { stroke: var(--d-faint); }
.reliability .bar { fill: var(--d-bar); } .reliability .gap { fill: var(--d-gap); fill-opacity: .25; stroke: var(--d-gap); }
.reliability .diagonal { stroke: var(--d-ink); stroke-dasharray: 4 3; }`);

/**
 * A reliability diagram as the text of an SVG image: for each bin a bar as high as the share of right answers, the distance of it to the
 * mean confidence as a frame, and below them how many examples each bin has. Perfect calibration has all bars end at the diagonal.
 * @param bins - Of equal width, from 0 to 1, as `measureCalibration` and `evaluate` give them.
 * @throws ArgumentError where there is no bin.
 */
export function reliabilityDiagram(
  bins: readonly CalibrationBin[],
  options: ReliabilityDiagramOptions = {},
): string {
  checkOptions('reliabilityDiagram', options, { title: true });
  check(
    Array.isArray(bins) && bins.length > 0,
    () => `reliabilityDiagram: the bins are ${shown(bins)}; give those of measureCalibration or evaluate.`,
  );
  const { title = '' } = options;
  const width = SIDE / bins.length;
  const most = Math.max(1, ...bins.map(({ images }) => images));
  const bars = bins.flatMap((bin, i) => (bin.images > 0 ? [bar(bin, LEFT + i * width, width, most)] : []));
  const base = TOP + SIDE + GAP + COUNTS;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="reliability" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="Reliability diagram">
<style>${STYLE}</style>
<text x="${LEFT}" y="16" font-weight="600">${title}</text>
${[0, 0.2, 0.4, 0.6, 0.8, 1].map(gridLines)}
${bars}
<line class="diagonal" x1="${LEFT}" y1="${TOP + SIDE}" x2="${LEFT + SIDE}" y2="${TOP}"/>
<line class="grid" x1="${LEFT}" x2="${LEFT + SIDE}" y1="${base}" y2="${base}"/>
<text x="${LEFT - 6}" y="${base - COUNTS + 8}" text-anchor="end">${most}</text>
<text x="${LEFT + SIDE / 2}" y="${base + 32}" text-anchor="middle">probability of the likeliest class</text>
<text transform="translate(12 ${TOP + SIDE / 2}) rotate(-90)" text-anchor="middle">share of right answers</text>
<text transform="translate(12 ${base - COUNTS / 2}) rotate(-90)" text-anchor="middle">images</text>
</svg>`.text;
}

function gridLines(share: number): Markup {
  const x = LEFT + share * SIDE;
  const y = TOP + (1 - share) * SIDE;
  const base = TOP + SIDE + GAP + COUNTS;
  return markup`<line class="grid" x1="${LEFT}" x2="${LEFT + SIDE}" y1="${y}" y2="${y}"/><line class="grid" x1="${x}" x2="${x}" y1="${TOP}" y2="${TOP + SIDE}"/>
<text x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${share}</text><text x="${x}" y="${base + 15}" text-anchor="middle">${share}</text>
`;
}

function bar(
  { images, confidence, accuracy }: CalibrationBin,
  x: number,
  width: number,
  most: number,
): Markup {
  const at = (share: number) => TOP + (1 - share) * SIDE;
  const [low, high] = [Math.min(confidence, accuracy), Math.max(confidence, accuracy)];
  const height = (COUNTS * images) / most;
  const place = markup`x="${(x + 1).toFixed(2)}" width="${(width - 2).toFixed(2)}"`;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return markup`<g><title>${images} images, confidence ${percent(confidence)}, right ${percent(accuracy)}</title>
<rect class="bar" ${place} y="${at(accuracy).toFixed(2)}" height="${(accuracy * SIDE).toFixed(2)}"/>
<rect class="gap" ${place} y="${at(high).toFixed(2)}" height="${((high - low) * SIDE).toFixed(2)}"/>
<rect class="bar" ${place} y="${(TOP + SIDE + GAP + COUNTS - height).toFixed(2)}" height="${height.toFixed(2)}"/></g>
`;
}
