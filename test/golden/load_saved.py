"""Loads what encode wrote into the source's own networks, strictly, and prints their logits as JSON.

    python3 load_saved.py JOBS    # a JSON file of [{"source", "network", "classes", "size", "file"}]

Needs numpy, safetensors, timm, torch, torchvision and transformers. `test/weights/saved-weights.test.ts` runs it where the
environment's SKIPSCALE_PYTHON names a Python that has these.
"""
import json, sys
import numpy as np, safetensors.torch, torch, torchvision
import named_models, rule


def logits(job):
    source, network, classes = job['source'], job['network'], job['classes']
    if source == 'torchvision':
        model = getattr(torchvision.models, network)(num_classes=classes)
    else:
        model = named_models.build(source, network, classes)
    model.load_state_dict(safetensors.torch.load_file(job['file']), strict=True)
    size = job['size']
    x = torch.from_numpy(rule.values('input', (1, 3, size, size)).astype(np.float32))
    with torch.no_grad():
        y = model.eval()(x)
    return (y.logits if source == 'huggingface' else y)[0].tolist()


if __name__ == '__main__':
    with open(sys.argv[1]) as f:
        print(json.dumps([logits(job) for job in json.load(f)]))
