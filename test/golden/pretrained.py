"""What timm, torchvision and Keras say of their published weights: addresses, licences, preprocessing, accuracy.

    python3 pretrained.py keras    # prints the addresses of Keras's files; needs keras
    python3 pretrained.py FILE     # writes pretrained.json beside this file; needs timm and torchvision, and FILE of the above

No weights are downloaded. timm's packages name no accuracy.
"""
import json, math, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
DEPTHS = (18, 34, 50, 101, 152)
V2 = ('S', 'M', 'L')
VARIANTS = ['resnet50d.a1_in1k', 'seresnet50.a1_in1k', 'resnext50_32x4d.a1_in1k']


def keras_files():
    import keras
    from keras.src.utils import file_utils

    class Found(Exception):
        pass

    def found(name, origin, **_):
        raise Found(origin)

    file_utils.get_file = found
    for name in [*(f'ResNet{d}' for d in DEPTHS[2:]), *(f'EfficientNetB{i}' for i in range(8)), *(f'EfficientNetV2{x}' for x in (*V2, *(f'B{i}' for i in range(4))))]:
        try:
            getattr(keras.applications, name)(weights='imagenet')
        except Found as origin:
            yield f'keras/{name}', {'source': str(origin)}


def timm_entries():
    import timm

    names = [f'resnet{d}.a1_in1k' for d in DEPTHS]
    names += [f'tf_efficientnet_b{i}.ns_jft_in1k' for i in range(8)]
    names += [f'tf_efficientnet_b{i}.{"in1k" if i < 6 else "aa_in1k"}' for i in range(8)]
    names += [f'tf_efficientnet_lite{i}.in1k' for i in range(5)] + VARIANTS
    names += [f'tf_efficientnetv2_{x}.in1k' for x in ('s', 'm', 'l', 'b0', 'b1', 'b2', 'b3')]
    for name in names:
        cfg = timm.models.get_pretrained_cfg(name)
        size = (cfg.test_input_size or cfg.input_size)[1] if 'v2' in name else cfg.input_size[1]
        yield f'timm/{name}', {
            'source': f'hf://{cfg.hf_hub_id}/model.safetensors',
            'licence': cfg.license,
            'preprocessing': {
                'size': size, 'resize': math.floor(size / cfg.crop_pct), 'interpolation': cfg.interpolation,
                'mean': cfg.mean, 'std': cfg.std,
                **({'stretch': True} if cfg.crop_mode == 'squash' else {}),
            },
        }  # fmt: skip


def torchvision_entries():
    from torchvision import models

    for name in [*(f'ResNet{d}' for d in DEPTHS), *(f'EfficientNet_B{i}' for i in range(8)), *(f'EfficientNet_V2_{x}' for x in V2),
                 'ResNeXt50_32X4D', 'ResNeXt101_32X8D', 'ResNeXt101_64X4D', 'Wide_ResNet50_2', 'Wide_ResNet101_2']:
        for weights in getattr(models, f'{name}_Weights'):
            transform = weights.transforms()
            yield f'torchvision/{name}_Weights.{weights.name}', {
                'source': weights.url,
                'top1': weights.meta['_metrics']['ImageNet-1K']['acc@1'],
                'preprocessing': {
                    'size': transform.crop_size[0], 'resize': transform.resize_size[0],
                    'interpolation': transform.interpolation.value, 'mean': transform.mean, 'std': transform.std,
                },
            }  # fmt: skip


if __name__ == '__main__':
    if sys.argv[1] == 'keras':
        print(json.dumps(dict(keras_files())))
    else:
        with open(sys.argv[1]) as f:
            golden = {**dict(timm_entries()), **dict(torchvision_entries()), **json.load(f)}
        with open(os.path.join(HERE, 'pretrained.json'), 'w') as f:
            json.dump(golden, f, indent=1)
