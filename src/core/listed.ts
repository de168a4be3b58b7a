/** More names than these fill a screen and say no more. */
const MOST_NAMES = 10;

/** Names as a message lists them: `a, b and 3 more`. */
export function listed(names: readonly string[], most = MOST_NAMES): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
