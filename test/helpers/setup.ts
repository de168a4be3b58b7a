import '#backends';
import '../../src/core/gradients.js';
