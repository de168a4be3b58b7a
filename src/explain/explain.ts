import { check, checkOneOf, shown } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { gradCam, gradCamPlusPlus, layerCam, type CamOptions } from './cams.js';
import type { Explanation, ExplainOptions } from './explanation.js';
import { guidedBackpropagation, inputXGradient } from './gradients.js';
import { integratedGradients, type IntegratedGradientsOptions } from './integrated-gradients.js';
import { kernelShap, type KernelShapOptions } from './kernel-shap.js';
import { lime, type LimeOptions } from './lime.js';
import { gradientShap, smoothGrad, type GradientShapOptions, type SmoothGradOptions } from './noise.js';
import { occlusion, type OcclusionOptions } from './occlusion.js';
import { rise, type RiseOptions } from './rise.js';
import { scoreCam } from './score-cam.js';
import type { ExplainInput } from './subject.js';

/** Options of {@link explain}: the method's name, and what its function takes. */
export type ExplainMethodOptions =
  | ({ readonly method?: 'gradCam' | 'gradCamPlusPlus' | 'layerCam' | 'scoreCam' } & CamOptions)
  | ({ readonly method: 'inputXGradient' | 'guidedBackpropagation' } & ExplainOptions)
  | ({ readonly method: 'integratedGradients' } & IntegratedGradientsOptions)
  | ({ readonly method: 'smoothGrad' } & SmoothGradOptions)
  | ({ readonly method: 'gradientShap' } & GradientShapOptions)
  | ({ readonly method: 'occlusion' } & OcclusionOptions)
  | ({ readonly method: 'lime' } & LimeOptions)
  | ({ readonly method: 'kernelShap' } & KernelShapOptions)
  | ({ readonly method: 'rise' } & RiseOptions);

/** The name of a method, which is that of its function. */
export type ExplanationMethod = NonNullable<ExplainMethodOptions['method']>;

const methods: Readonly<
  Record<ExplanationMethod, (model: AnyModule, x: ExplainInput, options: object) => Promise<Explanation[]>>
> = {
  gradCam,
  gradCamPlusPlus,
  layerCam,
  scoreCam,
  inputXGradient,
  guidedBackpropagation,
  integratedGradients,
  smoothGrad,
  gradientShap,
  occlusion,
  lime,
  kernelShap,
  rise,
};

/** Every {@link ExplanationMethod}. */
export const explanationMethods = Object.keys(methods) as readonly ExplanationMethod[];

/**
 * Says why a network gives images their classes, by a method of a name; as the function of that name does.
 * @param model - Any module that gives class scores, [N, classes].
 * @param x - Images as the network takes them, [N, H, W, channels]; or photos, for a network of this library.
 * @param options - `method`, default `'gradCam'`, and the options of its function.
 * @returns an explanation of each image.
 * @throws ArgumentError where there is no such method, and as its function does.
 */
export async function explain(
  model: AnyModule,
  x: ExplainInput,
  options: ExplainMethodOptions = {},
): Promise<Explanation[]> {
  check(
    typeof options === 'object' && options !== null,
    () => `explain: the options are ${shown(options)}; give an object, such as { method: 'gradCam' }.`,
  );
  const { method = 'gradCam', ...rest } = options;
  checkOneOf('explain: method', method, explanationMethods);
  return methods[method](model, x, rest);
}
