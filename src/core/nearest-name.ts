/**
 * The name that was likely meant by one that there is not: spelled nearly so (`sede`), spelled in another manner
 * (`num_classes`, `classNumber`), or shortened (`lr` for `learningRate`). Undefined where none is near.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const scored = names.map((each) => ({ each, score: unlikeness(name, each) }));
  const [nearest] = scored.sort((a, b) => a.score - b.score);
  return nearest && nearest.score <= 0.5 ? nearest.each : undefined;
}

/** 0 where two names are one but for case and underscores, and above 0.5 where they have little in common. */
function unlikeness(name: string, other: string): number {
  const [words, others] = [wordsOf(name), wordsOf(other)];
  const initials = others.map(([first]) => first).join('');
  if (others.length > 1 && words.join('') === initials) return 0.2;
  const common = words.filter(
    (word) => word.length > 2 && others.some((o) => singular(o) === singular(word)),
  );
  const apart = distance(words.join(''), others.join('')) / Math.max(name.length, other.length);
  return common.length > 0 ? Math.min(apart, 0.4 - (0.3 * common.length) / others.length) : apart;
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s_.-]+/)
    .filter(Boolean);
}

function singular(word: string): string {
  return word.replace(/(?<=ss)es$|(?<!s)s$/, '');
}

/** Of Damerau and Levenshtein: characters to insert, delete, replace, or swap with the next. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const [row, above] = [[i], rows[i - 1]!];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(row[j - 1]! + 1, above[j]! + 1, above[j - 1]! + Number(a[i - 1] !== b[j - 1]));
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
