export { gradCam, gradCamPlusPlus, layerCam, type CamOptions } from './cams.js';
export type { Baseline, Explanation, ExplainOptions, SampledOptions, Superpixels } from './explanation.js';
export { guidedBackpropagation, inputXGradient } from './gradients.js';
export { integratedGradients, type IntegratedGradientsOptions } from './integrated-gradients.js';
export { gradientShap, smoothGrad, type GradientShapOptions, type SmoothGradOptions } from './noise.js';
export type { QuadratureRule } from './quadrature.js';
export { scoreCam } from './score-cam.js';
export type { ExplainInput } from './subject.js';
export { kernelShap, type KernelShapOptions } from './kernel-shap.js';
export { lime, type LimeOptions } from './lime.js';
export { occlusion, type OcclusionOptions } from './occlusion.js';
export { rise, type RiseOptions } from './rise.js';
export { slic, type SlicOptions } from './slic.js';
export type { SuperpixelOptions } from './superpixels.js';
export { explain, explanationMethods, type ExplainMethodOptions, type ExplanationMethod } from './explain.js';
export { explanationPage, type ExplanationPageOptions } from './page.js';
export { heatMap, type HeatMapOptions } from './heat-map.js';
export {
  faithfulness,
  type Faithfulness,
  type FaithfulnessCurve,
  type FaithfulnessOptions,
} from './faithfulness.js';
export {
  featureImage,
  topImages,
  type FeatureImage,
  type FeatureImageOptions,
  type TopImage,
  type TopImagesOptions,
} from './features.js';
export { filterImage, type FilterImageOptions } from './filters.js';
export { localization, type Localization, type Region } from './localization.js';
export { sanityCheck, type SanityCheckOptions, type SanityStep } from './sanity-check.js';
