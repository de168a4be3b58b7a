import type { ModelDescription } from './describe.js';

/** A description as a table to print, in the manner of Keras's `model.summary()`. */
export function formatSummary(description: ModelDescription): string {
  const { layers, parameters, statistics, multiplyAdds, activationSize } = description;
  const header = ['Layer (type)', 'Output shape', 'Parameters', 'Multiply-adds'];
  const rows = layers.map((layer) => [
    `${layer.name} (${layer.type}${layer.shared ? ', shared' : ''})`,
    layer.outputShape.join(' x '),
    count(layer.parameters + layer.statistics),
    count(layer.multiplyAdds),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = (character: string) => character.repeat(widths.reduce((a, b) => a + b + 2, -2));
  return [
    `Model: ${description.name}, input ${description.inputShape.join(' x ')}`,
    line(header),
    rule('='),
    ...rows.map(line),
    rule('='),
    `Total: ${count(parameters + statistics)} (trainable ${count(parameters)}, running statistics ${count(statistics)})`,
    `Multiply-adds: ${count(multiplyAdds)}; activations: ${count(activationSize)}`,
    `Memory: weights ${megabytes(parameters + statistics)}, activations ${megabytes(activationSize)}`,
  ].join('\n');
}

const count = (n: number) => n.toLocaleString('en-US');

/** Of values of four bytes. */
function megabytes(values: number): string {
  return `${((values * Float32Array.BYTES_PER_ELEMENT) / 1e6).toFixed(1)} MB`;
}
