const tf = require('@tensorflow/tfjs-core');
const skipscale = require('skipscale');
const { train } = require('./train.cjs');

console.log(JSON.stringify(train(tf, skipscale)));
