/** Drawings as SVG that a network for photos has not seen: shapes and textures, each of random colours, places and turns. */

const color = (random) =>
  `hsl(${random.integer(360)},${30 + random.integer(70)}%,${20 + random.integer(60)}%)`;

/** Corners of a regular polygon, or of a star where every second one lies further inside. */
function corners(count, radius, inner = 1) {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    const r = radius * (i % 2 === 0 ? 1 : inner);
    return `${r * Math.cos(angle)},${r * Math.sin(angle)}`;
  }).join(' ');
}

const shapes = {
  circle: (radius) => `<circle r="${0.85 * radius}"/>`,
  square: (radius) => `<polygon points="${corners(4, radius)}"/>`,
  star: (radius) => `<polygon points="${corners(10, radius, 0.45)}"/>`,
};

/** A shape of this name before spots, 96 x 96 pixels. */
export function drawShape(name, random) {
  const side = 96;
  const radius = side * random.uniform(0.18, 0.35);
  const [x, y] = [0, 0].map(() => random.uniform(radius, side - radius));
  const spots = Array.from({ length: 8 }, () => {
    const [cx, cy] = [random.integer(side), random.integer(side)];
    const [rx, ry] = [5 + random.integer(19), 5 + random.integer(19)];
    return `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="${color(random)}" opacity="0.35"/>`;
  }).join('');
  const place = `translate(${x} ${y}) rotate(${random.integer(360)})`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">
    <rect width="${side}" height="${side}" fill="${color(random)}"/>${spots}
    <g transform="${place}" fill="${color(random)}">${shapes[name](radius)}</g></svg>`;
}

const tiles = {
  stripes: (p) => `<rect width="${p / 2}" height="${p}"/>`,
  checks: (p) =>
    `<rect width="${p / 2}" height="${p / 2}"/><rect x="${p / 2}" y="${p / 2}" width="${p / 2}" height="${p / 2}"/>`,
  dots: (p) => `<circle cx="${p / 2}" cy="${p / 2}" r="${0.35 * p}"/>`,
};

/** A texture of this name, 240 x 180 pixels. */
export function drawTexture(name, random) {
  const [width, height] = [240, 180];
  const p = 10 + random.integer(14);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs>
    <pattern id="p" width="${p}" height="${p}" patternUnits="userSpaceOnUse" patternTransform="rotate(${random.integer(180)})">
    <rect width="${p}" height="${p}" fill="${color(random)}"/><g fill="${color(random)}">${tiles[name](p)}</g></pattern></defs>
    <rect width="${width}" height="${height}" fill="url(#p)"/></svg>`;
}
