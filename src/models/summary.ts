import type { ModelDescription } from '../scaling/index.js';

/** A description as a table to print, in the manner of Keras's `model.summary()`. */
export function formatSummary(description: ModelDescription): string {
  const { layers, parameters, statistics, multiplyAdds, activationSize } = description;
  const header = ['Layer (type)', 'Output shape', 'Parameters', 'Multiply-adds'];
  const rows = layers.map(({ name, type, outputShape, parameters, statistics, multiplyAdds }) => [
    `${name} (${type})`,
    outputShape.join(' x '),
    (parameters + statistics).toLocaleString('en-US'),
    multiplyAdds.toLocaleString('en-US'),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = (character: string) => character.repeat(widths.reduce((a, b) => a + b + 2, -2));
  const count = (n: number) => n.toLocaleString('en-US');
  return [
    `Model: ${description.name}, input ${description.inputShape.join(' x ')}`,
    line(header),
    rule('='),
    ...rows.map(line),
    rule('='),
    `Total: ${count(parameters + statistics)} (trainable ${count(parameters)}, running statistics ${count(statistics)})`,
    `Multiply-adds: ${count(multiplyAdds)}; activations: ${count(activationSize)}`,
  ].join('\n');
}
