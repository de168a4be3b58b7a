/** Lets timers, signals and finished reads have their turn; a promise alone does not. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
