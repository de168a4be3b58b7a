export { toBytes, toUnits } from './colors';
export { addRows, weigh, widen } from './filter';
export { across, down } from './resample';
