import { counted } from '../../core/counted.js';
import { certainty } from '../../training/certainty.js';
import { markup, type Markup } from '../../core/markup.js';
import type { ReportFacts } from './facts.js';
import { decimal, grouped, percent } from './format.js';

/** The numbers that say most, and what they mean. */
export function summary(facts: ReportFacts): Markup {
  const { evaluation, calibration, classes, labelErrors } = facts;
  const { interval, chance, isBetterThanChance } = certainty(evaluation);
  const tiles = [
    tile(
      'right answers (top-1)',
      percent(evaluation.top1),
      `95 %: ${percent(interval.low)} to ${percent(interval.high)}`,
    ),
    ...(classes.length > 5 ? [tile('right among five (top-5)', percent(evaluation.top5), '')] : []),
    tile(
      'calibration error',
      percent(calibration.expectedError),
      trust(calibration.confidence - calibration.accuracy),
    ),
    tile('cross-entropy', decimal(evaluation.loss), `Brier score ${decimal(calibration.brierScore)}`),
    tile(
      'labels that are likely wrong',
      grouped(labelErrors.count),
      percent(labelErrors.count / evaluation.images),
    ),
  ];
  const verdict = isBetterThanChance
    ? `Naming the commonest class always would be right for ${percent(chance)}.`
    : `That is not surely better than naming the commonest class always, which is right for ${percent(chance)}.`;
  return markup`<p class="soft">${facts.model} with ${grouped(facts.parameters)} parameters, judged by ${counted(evaluation.images, 'image')} of ${counted(classes.length, 'class', 'classes')}: ${facts.data}</p>
<div class="tiles">${tiles}</div>
<p>${verdict}</p>`;
}

function trust(excess: number): string {
  if (Math.abs(excess) < 0.005) return 'neither too sure nor too doubtful';
  return excess > 0
    ? `too sure, by ${percent(excess)} on average`
    : `too doubtful, by ${percent(-excess)} on average`;
}

function tile(name: string, value: string, note: string): Markup {
  return markup`<div class="tile"><small>${name}</small><b>${value}</b><small>${note}</small></div>
`;
}
