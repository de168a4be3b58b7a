export { allOrNothing, seeded } from './build.js';
export { evaluation, type Context, type TrainingContext } from './context.js';
export { ArgumentError } from './errors.js';
export { Module, type AnyModule, type NamedModule, type NamedVariable } from './module.js';
export { Random } from './random.js';
export { parameter, statistic } from './variables.js';
