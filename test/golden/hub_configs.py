"""The files of configuration that timm and Hugging Face transformers save beside weights.

    python3 hub_configs.py    # writes hub_configs.json beside this file

Needs timm, torch and transformers (with torchvision and Pillow).
"""
import json, os, tempfile
import timm, torch, transformers
from timm.models._hub import save_config_for_hf


def timm_config(name, **options):
    with torch.device('meta'):
        model = timm.create_model(name, **options)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'config.json')
        save_config_for_hf(model, path)
        with open(path) as f:
            return json.load(f)


def huggingface_config():
    names = {0: 'ant', 1: 'bee', 2: 'cat'}
    config = transformers.ResNetConfig(
        layer_type='basic', depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512],
        id2label=names, label2id={v: k for k, v in names.items()}, architectures=['ResNetForImageClassification'])
    processor = transformers.ConvNextImageProcessor(size={'shortest_edge': 224}, crop_pct=0.875)
    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        processor.save_pretrained(folder)
        return {name: json.load(open(os.path.join(folder, name))) for name in ('config.json', 'preprocessor_config.json')}


if __name__ == '__main__':
    result = {
        'tf_efficientnet_b0.ap_in1k': {'config.json': timm_config('tf_efficientnet_b0.ap_in1k', num_classes=4)},
        'efficientnet_b0.ra_in1k': {'config.json': timm_config('efficientnet_b0.ra_in1k', num_classes=4)},
        'resnet18.a1_in1k': {'config.json': timm_config('resnet18.a1_in1k', num_classes=4)},
        'resnet-18': huggingface_config(),
    }
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'hub_configs.json'), 'w') as f:
        json.dump(result, f, indent=1)
