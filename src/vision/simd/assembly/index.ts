export { across, down } from './resample';
export { addRows, weigh, widen } from './filter';
