import { allOrNothing } from '../core/build.js';
import { buildWithoutValues } from '../graph/backend.js';
import type { ModelDescription } from '../graph/describe.js';

/** What `use` gives for the network that `build` makes: one without weights, which is gone after. */
export function withUnbuilt<M extends { dispose(): void }, T>(build: () => M, use: (model: M) => T): T {
  return buildWithoutValues(() => {
    const model = allOrNothing(build);
    try {
      return use(model);
    } finally {
      model.dispose();
    }
  });
}

/** Counts what `build` gives, for one square image of `size` pixels, without making weights for it. */
export function describeUnbuilt(
  build: () => { describe(size: number): ModelDescription; dispose(): void },
  size: number,
): ModelDescription {
  return withUnbuilt(build, (model) => model.describe(size));
}
