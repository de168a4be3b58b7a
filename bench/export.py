"""Writes torchvision's networks with random weights for the benchmarks: networks/NAME.onnx and networks/NAME.pth; and of
the name `grouped`, the grouped convolutions of ResNeXt-50, networks/grouped-PIXELS-CHANNELS-STRIDE.onnx.

    python3 bench/export.py [NAME ...]

Needs torch, torchvision and onnx.
"""
import pathlib, sys
import torch, torchvision

NAMES = ['resnet50', 'resnet18', 'efficientnet_b0']
folder = pathlib.Path(__file__).parent / 'networks'
folder.mkdir(exist_ok=True)


def export(model, shape, name):
    model = model.eval()
    names = {'input_names': ['images'], 'output_names': ['logits']}
    dynamic = {'images': {0: 'batch'}, 'logits': {0: 'batch'}}
    file = str(folder / f'{name}.onnx')
    torch.onnx.export(model, (torch.zeros(1, *shape),), file, **names, dynamic_axes=dynamic, dynamo=False)


for name in sys.argv[1:] or NAMES:
    torch.manual_seed(0)
    if name == 'grouped':
        for pixels, channels, stride in [(56, 128, 1), (56, 256, 2), (28, 256, 1), (28, 512, 2), (14, 512, 1), (14, 1024, 2), (7, 1024, 1)]:
            conv = torch.nn.Conv2d(channels, channels, 3, stride, padding=1, groups=32, bias=False)
            export(conv, (channels, pixels, pixels), f'grouped-{pixels}-{channels}-{stride}')
    else:
        model = getattr(torchvision.models, name)(weights=None)
        torch.save(model.state_dict(), folder / f'{name}.pth')
        export(model, (3, 224, 224), name)
    print(name, flush=True)
