import { allOrNothing } from '../core/build.js';
import { buildWithoutValues } from '../graph/backend.js';
import type { ModelDescription } from '../graph/describe.js';

/** What {@link describeUnbuilt} asks of a network. */
interface Describable {
  describe(size: number): ModelDescription;
  dispose(): void;
}

/** Counts what `build` gives, for one square image of `size` pixels, without making weights for it. */
export function describeUnbuilt(build: () => Describable, size: number): ModelDescription {
  return buildWithoutValues(() => {
    const model = allOrNothing(build);
    try {
      return model.describe(size);
    } finally {
      model.dispose();
    }
  });
}
