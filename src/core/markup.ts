/** Text of HTML or SVG, safe to put into a page. */
export class Markup {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A tag of template strings: what is put in is escaped, for contents and for attributes in quotes. Only other markup, and lists of it,
 * stay as they are. What no document may have, such as the character NUL, becomes the replacement character.
 */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const text = (value: (typeof values)[number]): string => {
    if (value instanceof Markup) return value.text;
    if (Array.isArray(value)) return value.join('');
    return escaped(String(value));
  };
  return new Markup(strings.reduce((all, string, i) => all + text(values[i - 1]!) + string));
}

/** Text as the contents of an element, or of an attribute in quotes. */
export function escaped(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
      .replace(/[&<>"']/g, (character) => entities[character]!)
  );
}
