import { wilsonInterval } from '../../training/certainty.js';
import { markup } from '../../core/markup.js';
import type { AttackCheck, ReportFacts } from './facts.js';
import { percent, table } from './format.js';
import type { Section } from './section.js';

/** What an attacker does to the network. */
export function harmSections({ attacks }: ReportFacts): Section[] {
  return attacks ? [attackSection(attacks)] : [];
}

function attackSection({ images, accuracies }: AttackCheck): Section {
  const rows = accuracies.map(({ radius, accuracy }) => {
    const { low, high } = wilsonInterval(Math.round(accuracy * images), images);
    return [`${radius} / 255`, percent(accuracy), `${percent(low)} to ${percent(high)}`];
  });
  return {
    id: 'attacks',
    heading: 'Attacks',
    content: markup`<p>Right answers of ${images} images after an attacker who knows the network has changed each value of a pixel by at most the radius (projected gradient descent, 10 steps). Networks that were not trained against attacks fall at once.</p>
${table(['radius', 'right', '95 % interval'], rows)}`,
  };
}
