import { wilsonInterval } from '../../training/certainty.js';
import { markup, type Markup } from '../../core/markup.js';
import type { AttackCheck, CorruptionCheck, ReportFacts } from './facts.js';
import { percent, table } from './format.js';
import type { Section } from './section.js';

/** What noise, blur and weather do to the network, and what an attacker. */
export function harmSections({ corruptions, attacks }: ReportFacts): Section[] {
  return [
    ...(corruptions ? [corruptionSection(corruptions)] : []),
    ...(attacks ? [attackSection(attacks)] : []),
  ];
}

function corruptionSection({ images, cleanError, meanError, bySeverity, errors }: CorruptionCheck): Section {
  const rows = Object.entries(bySeverity)
    .sort(([a], [b]) => errors[b as keyof typeof errors]! - errors[a as keyof typeof errors]!)
    .map(([name, list]) => [
      name.replaceAll('_', ' '),
      percent(1 - errors[name as keyof typeof errors]!),
      ...list.map((error) => shaded(1 - error, 1 - cleanError)),
    ]);
  return {
    id: 'corruptions',
    heading: 'Corruptions',
    content: markup`<p>Right answers of ${images} images with the corruptions of ImageNet-C, the most harmful first: ${percent(1 - meanError)} on average, and ${percent(1 - cleanError)} of the images as they are.</p>
${table(['corruption', 'mean', 'severity 1', '2', '3', '4', '5'], rows)}`,
  };
}

/** A share of right answers, the darker, the more is lost of what it was without corruption. */
function shaded(share: number, clean: number): Markup {
  const lost = Math.min(1, Math.max(0, (clean - share) / clean));
  return markup`<span class="shaded" style="background:rgb(var(--miss) / ${(0.6 * lost).toFixed(3)})">${percent(share)}</span>`;
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
