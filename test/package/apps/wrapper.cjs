module.exports = require('skipscale');
