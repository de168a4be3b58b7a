export { evaluation, type Context, type TrainingContext } from './context.js';
export { ArgumentError } from './errors.js';
export { allOrNothing, Module, type AnyModule, type NamedModule, type NamedVariable } from './module.js';
export { Random } from './random.js';
