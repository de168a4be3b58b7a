export {
  adversarialTraining,
  trades,
  type AdversarialTrainingOptions,
  type ClassifierObjective,
  type TradesOptions,
} from './adversarial-training.js';
export { apgd, type ApgdOptions } from './apgd.js';
export type { AttackOptions, AttackResult, BallOptions } from './attack-options.js';
export type { Norm } from './ball.js';
export { deepFool, type DeepFoolOptions } from './deep-fool.js';
export { unitPixels } from './image-range.js';
export { fgsm, pgd, type FgsmOptions, type PgdOptions } from './pgd.js';
export { squareAttack, type SquareAttackOptions } from './square.js';
export type { Network } from './victim.js';
