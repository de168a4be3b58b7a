export { describeModule, type LayerDescription, type ModelDescription, type Shape } from './describe.js';
export { formatSummary } from './summary.js';
export {
  trace,
  type InputShape,
  type InputShapes,
  type ModuleCall,
  type Source,
  type Trace,
  type Traceable,
  type TracedNode,
  type TracedValue,
} from './trace.js';
