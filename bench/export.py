"""Writes torchvision's networks with random weights for the benchmarks: networks/NAME.onnx and networks/NAME.pth.

    python3 bench/export.py [NAME ...]

Needs torch, torchvision and onnx.
"""
import pathlib, sys
import torch, torchvision

NAMES = ['resnet50', 'resnet18', 'efficientnet_b0']
folder = pathlib.Path(__file__).parent / 'networks'
folder.mkdir(exist_ok=True)
for name in sys.argv[1:] or NAMES:
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None).eval()
    torch.save(model.state_dict(), folder / f'{name}.pth')
    dynamic = {'images': {0: 'batch'}, 'logits': {0: 'batch'}}
    torch.onnx.export(
        model,
        (torch.zeros(1, 3, 224, 224),),
        str(folder / f'{name}.onnx'),
        input_names=['images'],
        output_names=['logits'],
        dynamic_axes=dynamic,
        dynamo=False,
    )
    print(name, flush=True)
