import '#backends';
import '../../src/backends/gradients.js';
