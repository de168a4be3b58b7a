import { reliabilityDiagram } from '../calibration/reliability-diagram.js';
import { Markup, markup } from '../../core/markup.js';
import type { ReportFacts } from './facts.js';
import { decimal, percent, table } from './format.js';
import type { Section } from './section.js';

/** Whether probabilities say how often the network is right. */
export function calibrationSection({ calibration, temperature }: ReportFacts): Section {
  const errors = table(
    ['error', ''],
    [
      ['expected (ECE)', percent(calibration.expectedError)],
      ['adaptive', percent(calibration.adaptiveError)],
      ['class-wise', percent(calibration.classWiseError)],
      ['largest of a bin', percent(calibration.maximumError)],
      ['Brier score', decimal(calibration.brierScore)],
      ['mean confidence', percent(calibration.confidence)],
      ['right answers', percent(calibration.accuracy)],
    ],
  );
  const advice = temperature
    ? markup`<p>Logits divided by ${decimal(temperature.temperature)}, fitted on every second image, bring the expected error on the others from ${percent(temperature.before.expectedError)} to ${percent(temperature.after.expectedError)}, and the cross-entropy from ${decimal(temperature.before.loss)} to ${decimal(temperature.after.loss)}. The function calibrate puts such a temperature into the network.</p>`
    : '';
  return {
    id: 'calibration',
    heading: 'Calibration',
    content: markup`<p>Of answers with a probability of 80 %, 80 % should be right: bars should end at the dashed line. Frames show by how much they miss it.</p>
<div class="columns">${new Markup(reliabilityDiagram(calibration.bins))}
<div>${errors}${advice}</div></div>`,
  };
}

/** How many classes a set needs to hold the right one. */
export function setsSection({ sets }: ReportFacts): Section[] {
  if (sets.length === 0) return [];
  const rows = sets.map(({ method, wanted, coverage, meanSize, sizes }) => {
    const all = sizes.reduce((a, b) => a + b, 0);
    return [method, percent(wanted), percent(coverage), meanSize.toFixed(2), percent((sizes[1] ?? 0) / all)];
  });
  return [
    {
      id: 'sets',
      heading: 'Prediction sets',
      content: markup`<p>Sets of classes that hold the right one as often as is asked for (split conformal prediction), fitted on every second image and measured on the others.</p>
${table(['method', 'asked for', 'reached', 'mean number of classes', 'sets of one class'], rows)}`,
    },
  ];
}
