"""Times imagecorruptions 1.1.2 as bench/corruptions.js times ours; test/golden/corruptions.py says which packages it takes."""
import sys
import time
import numpy as np
import imagecorruptions
from imagecorruptions import corruptions as ic
from skimage.filters import gaussian

# The package was written for an older scikit-image.
ic.gaussian = lambda image, sigma, multichannel=False, **others: gaussian(
    image, sigma=sigma, channel_axis=-1 if multichannel else None, **others)

y, x, c = np.mgrid[0:224, 0:224, 0:3]
image = (127 + 80 * np.sin(x / 17 + c) + 40 * np.cos((x + 2 * y) / 9)).astype(np.uint8)
calls = 1 if 'once' in sys.argv else 3
times = {}
for name in imagecorruptions.get_corruption_names('all'):
    seconds = 0
    for severity in range(1, 6):
        runs = []
        for _ in range(calls):
            start = time.process_time()
            imagecorruptions.corrupt(image, severity, name)
            runs.append(time.process_time() - start)
        seconds += sorted(runs)[calls // 2]
    times[name] = seconds
    print(f'{name:18} {1000 * seconds:8.1f} ms for five severities', flush=True)
total = sum(times.values())
print(f'all                {1000 * total:8.1f} ms')
print(f'all but glass_blur {1000 * (total - times["glass_blur"]):8.1f} ms')
