"""What scikit-image's slic makes of pictures.

    python3 slic.py    # writes slic.json beside this file

A label is a character from '0' on. The pictures are coarse values of rule.py, enlarged and with fine ones added. Needs scikit-image.
"""
import json, os
import numpy as np, skimage
from skimage.segmentation import slic
import rule

CASES = [(48, 40, 20, 10), (33, 70, 12, 5), (20, 20, 50, 1), (8, 90, 6, 10)]


def picture(height, width):
    coarse = rule.values('coarse', (height // 8 + 1, width // 8 + 1, 3))
    large = coarse.repeat(8, 0).repeat(8, 1)[:height, :width]
    values = 127.5 + 100 * large + 27 * rule.values('fine', (height, width, 3))
    return values.astype(np.uint8)


def main():
    cases = []
    for height, width, count, compactness in CASES:
        labels = slic(picture(height, width), n_segments=count, compactness=compactness, start_label=0)
        text = ''.join(chr(ord('0') + label) for label in labels.ravel())
        cases.append({'height': height, 'width': width, 'count': count, 'compactness': compactness, 'labels': text})
    return {'made by': f'scikit-image {skimage.__version__}', 'cases': cases}


if __name__ == '__main__':
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'slic.json'), 'w') as f:
        json.dump(main(), f, indent=1)
