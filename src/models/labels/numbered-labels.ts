/** Names of classes that have none: `class 0` and so on. */
export function numberedLabels(classes: number): readonly string[] {
  return Array.from({ length: classes }, (_, index) => `class ${index}`);
}
