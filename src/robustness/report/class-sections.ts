import { wilsonInterval } from '../../training/certainty.js';
import { markup, type Markup } from '../../core/markup.js';
import type { ReportFacts } from './facts.js';
import { percent, table } from './format.js';
import type { Section } from './section.js';

/** With at most so many classes, there is room for a matrix. */
const MOST_SHOWN = 25;

/** Rows of a table at most. */
const MOST_ROWS = 60;

/** A class that the data or the answers have. */
interface SeenClass {
  readonly label: number;
  readonly images: number;
  readonly right: number;
}

function seenClasses({ evaluation: { confusion } }: ReportFacts): SeenClass[] {
  const answered = new Set<number>();
  for (const row of confusion) row.forEach((count, c) => count > 0 && answered.add(c));
  return confusion.flatMap((row, label) => {
    const images = row.reduce((a, b) => a + b, 0);
    return images > 0 || answered.has(label) ? [{ label, images, right: row[label]! }] : [];
  });
}

/** How well each class is known, the worst first. */
export function classTable(facts: ReportFacts): Section {
  const { classes, evaluation } = facts;
  const seen = seenClasses(facts)
    .filter(({ images }) => images > 0)
    .sort((a, b) => a.right / a.images - b.right / b.images);
  const rows = seen.slice(0, MOST_ROWS).map(({ label, images, right }) => {
    const { low, high } = wilsonInterval(right, images);
    const mistakes = evaluation.confusion[label]!.map((count, c) => (c === label ? 0 : count));
    const most = Math.max(...mistakes);
    return [
      classes[label]!,
      images,
      percent(right / images),
      range(low, right / images, high),
      `${percent(low)} to ${percent(high)}`,
      most > 0 ? `${most} as ${classes[mistakes.indexOf(most)]!}` : '–',
    ];
  });
  const left = seen.length - rows.length;
  return {
    id: 'classes',
    heading: 'Classes',
    content: markup`<p>The classes that are known worst come first. The band is the 95 % interval (Wilson) of the share of right answers.</p>
${table(['class', 'images', 'right', '', '95 % interval', 'commonest mistake'], rows)}
${left > 0 ? markup`<p class="soft">${left} more classes are known better than these.</p>` : ''}`,
  };
}

function range(low: number, share: number, high: number): Markup {
  const at = (part: number) => `${(100 * part).toFixed(1)}%`;
  return markup`<span class="range"><i style="left:${at(low)};width:${at(high - low)}"></i><b style="left:${at(share)}"></b></span>`;
}

/** Which classes are taken for which. */
export function confusionSection(facts: ReportFacts): Section {
  const seen = seenClasses(facts);
  const content = seen.length <= MOST_SHOWN ? matrix(facts, seen) : commonest(facts);
  return { id: 'confusion', heading: 'Confusion', content };
}

function matrix({ classes, evaluation: { confusion } }: ReportFacts, seen: readonly SeenClass[]): Markup {
  const cell = ({ label, images }: SeenClass, answer: number) => {
    const count = confusion[label]![answer]!;
    const share = images > 0 ? count / images : 0;
    const color = label === answer ? '--cell' : '--miss';
    // Rare mistakes show too.
    const opacity = (label === answer ? 0.75 * share : Math.min(0.85, 2.5 * share)).toFixed(3);
    const title = `${classes[label]!} taken for ${classes[answer]!}: ${count}`;
    return markup`<td title="${title}" class="${count > 0 ? '' : 'zero'}" style="background:rgb(var(${color}) / ${opacity})">${count}</td>`;
  };
  const row = (each: SeenClass) =>
    markup`<tr><th scope="row" class="name">${classes[each.label]!}</th>${seen.map(({ label }) => cell(each, label))}</tr>
`;
  return markup`<p>A row a class, a column an answer. Right answers are on the diagonal.</p>
<div class="scroll"><table class="confusion"><thead><tr><th></th>${seen.map(({ label }) => markup`<th scope="col" title="${classes[label]!}">${classes[label]!}</th>`)}</tr></thead>
<tbody>${seen.map(row)}</tbody></table></div>`;
}

function commonest({ classes, evaluation: { confusion } }: ReportFacts): Markup {
  const pairs = confusion.flatMap((row, label) =>
    row.flatMap((count, answer) => (answer !== label && count > 0 ? [{ label, answer, count }] : [])),
  );
  pairs.sort((a, b) => b.count - a.count);
  const rows = pairs.slice(0, MOST_ROWS).map(({ label, answer, count }) => {
    const images = confusion[label]!.reduce((a, b) => a + b, 0);
    return [classes[label]!, classes[answer]!, count, percent(count / images)];
  });
  return markup`<p>The commonest of ${pairs.length} kinds of mistakes.</p>
${table(['class', 'taken for', 'images', 'share of the class'], rows)}`;
}
