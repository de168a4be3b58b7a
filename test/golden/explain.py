"""What Captum and PyPI's grad-cam, lime and shap say of the network of test/helpers/explained-net.ts.

    python3 explain.py    # writes explain.json beside this file

Weights and images are those of rule.py. Needs torch, captum, grad-cam, lime, shap and scikit-image.
"""
import importlib.metadata, json, os, warnings
import numpy as np, torch
from torch import nn
import torch.nn.functional as F
from captum import attr
import rule

warnings.filterwarnings('ignore')
SIDE, N, TARGETS = 16, 2, [1, 3]


class ConvNorm(nn.Module):
    def __init__(self, inputs, outputs, size, stride=1, relu=False):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU() if relu else nn.Identity()

    def forward(self, x):
        return self.relu(self.norm(self.conv(x)))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = ConvNorm(inputs, outputs, 3, stride, relu=True)
        self.conv2 = ConvNorm(outputs, outputs, 3)
        self.shortcut = ConvNorm(inputs, outputs, 1, stride) if stride > 1 else nn.Identity()
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.conv2(self.conv1(x)) + self.shortcut(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvNorm(3, 8, 3, relu=True)
        self.blocks = nn.ModuleList([Block(8, 8), Block(8, 16, 2)])
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        for part in (self.stem, *self.blocks):
            x = part(x)
        return self.head(x.mean((2, 3)))


def ours(name):
    return name.replace('running_mean', 'runningMean').replace('running_var', 'runningVariance')


def network():
    model = Net().eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if 'num_batches' in name:
                continue
            v = rule.values(ours(name), tuple(tensor.shape))
            if tensor.dim() == 1:
                v = rule.batch_norm(name.split('.')[-1], v) if 'norm' in name else 0.1 * v
            else:
                v = v * np.sqrt((6 if tensor.dim() == 4 else 3) / np.prod(tensor.shape[1:]))
            tensor.copy_(torch.tensor(v))
    return model.double()


def rounded(tensor):
    return [float(f'{v:.6g}') for v in np.asarray(tensor, np.float64).ravel()]


def sparse(images):
    """256 values of each image, as rule.spread takes them."""
    return [[float(f'{v:.5g}') for v in rule.spread(image, 256)] for image in np.asarray(images)]


def nhwc(tensor):
    return tensor.detach().permute(0, 2, 3, 1)


def enlarged(maps):
    """Of Captum's small maps: bilinear, as grad-cam's."""
    return F.interpolate(maps.detach(), (SIDE, SIDE), mode='bilinear', align_corners=False)[:, 0]


def captum_values(model, x, targets):
    layer = attr.LayerGradCam(model, model.blocks[1])
    first = attr.LayerGradCam(model, model.blocks[0].conv1)
    torch.manual_seed(0)
    noise = dict(nt_type='smoothgrad', nt_samples=1000, nt_samples_batch_size=100)
    saliency = attr.NoiseTunnel(attr.Saliency(model))
    span = (x.amax((1, 2, 3)) - x.amin((1, 2, 3)))
    smooth = [saliency.attribute(x[i:i + 1], target=targets[i], abs=False, stdevs=0.15 * span[i].item(), **noise) for i in range(N)]
    softened = nn.Sequential(model, nn.Softmax(1))
    return {
        'gradCam': enlarged(layer.attribute(x, targets, relu_attributions=True)),
        'gradCam blocks.0.conv1': enlarged(first.attribute(x, targets, relu_attributions=True)),
        'inputXGradient': nhwc(attr.InputXGradient(model).attribute(x, target=targets)),
        'inputXGradient probability': nhwc(attr.InputXGradient(softened).attribute(x, target=targets)),
        'guidedBackpropagation': nhwc(attr.GuidedBackprop(model).attribute(x, target=targets)),
        'integratedGradients': nhwc(attr.IntegratedGradients(model).attribute(x, target=targets, baselines=0.1, n_steps=20)),
        'integratedGradients midpoint': nhwc(attr.IntegratedGradients(model).attribute(x, target=targets, n_steps=20, method='riemann_middle')),
        'smoothGrad': nhwc(torch.cat(smooth)),
        'gradientShap': nhwc(attr.GradientShap(model).attribute(x, baselines=torch.zeros_like(x[:1]), target=targets, n_samples=1000)),
        'occlusion': nhwc(attr.Occlusion(model).attribute(x, target=targets, sliding_window_shapes=(3, 5, 5), strides=(3, 3, 3), baselines=0.1)),
    }


def cam_values(model, x, targets):
    import pytorch_grad_cam as cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    # Score-CAM's masks are enlarged as its result is, and not with the corners' middles kept in the corners.
    torch.nn.UpsamplingBilinear2d = lambda size: nn.Upsample(size=size, mode='bilinear', align_corners=False)
    result = {}
    for name, method in (('layerCam', cam.LayerCAM), ('scoreCam', cam.ScoreCAM)):
        with method(model=model, target_layers=[model.blocks[1]]) as made:
            result[name] = made(input_tensor=x, targets=[ClassifierOutputTarget(t) for t in targets])
    return result


def plus_plus(model, x, targets):
    """The paper's equation 19. grad-cam adds 1e-6 to the denominator, which is as large as the squares of these gradients."""
    maps = model.blocks[0](model.stem(x))
    maps = model.blocks[1](maps).detach().requires_grad_()
    scores = model.head(maps.mean((2, 3)))
    gradients, = torch.autograd.grad(sum(scores[i, t] for i, t in enumerate(targets)), maps)
    sums = maps.sum((2, 3), keepdim=True)
    alpha = gradients**2 / (2 * gradients**2 + sums * gradients**3)
    weights = (alpha * F.relu(gradients)).nan_to_num().sum((2, 3), keepdim=True)
    return enlarged(F.relu((weights * maps).sum(1, keepdim=True)))


def squares(side=4):
    """Squares of pixels as superpixels: 16 of them."""
    y, x = np.mgrid[:SIDE, :SIDE] // (SIDE // side)
    return y * side + x


def superpixel_values(model, x, targets):
    from lime import lime_image
    import shap
    segments, image = squares(), nhwc(x)[0].numpy()
    target = targets[0]

    def logits(images):
        with torch.no_grad():
            return model(torch.tensor(np.asarray(images)).permute(0, 3, 1, 2).double()).numpy()

    def probabilities(images):
        return F.softmax(torch.tensor(logits(images)), 1).numpy()

    explained = lime_image.LimeImageExplainer(random_state=0).explain_instance(
        image, probabilities, labels=(target,), top_labels=None, num_samples=2000, segmentation_fn=lambda _: segments)
    lime = dict(explained.local_exp[target])

    def masked(zs):
        return logits([image * z[segments][..., None] for z in zs])[:, target]

    few = squares(2) * 2 + (np.mgrid[:SIDE, :SIDE][1] // 4 % 2)  # 8 of them, so that all 2^8 coalitions can be asked
    def masked_few(zs):
        return logits([image * z[few][..., None] for z in zs])[:, target]

    kernel = shap.KernelExplainer(masked_few, np.zeros((1, 8))).shap_values(np.ones((1, 8)), nsamples=300, l1_reg=False, silent=True)
    np.random.seed(0)
    sampled = shap.KernelExplainer(masked, np.zeros((1, 16))).shap_values(np.ones((1, 16)), nsamples=4000, l1_reg=False, silent=True)
    return {
        'lime': rounded([lime[i] for i in range(16)]),
        'kernelShap all': rounded(kernel),
        'kernelShap': rounded(sampled),
    }


def main():
    model = network()
    x = torch.tensor(rule.values('images', (N, SIDE, SIDE, 3)).astype(np.float32).astype(np.float64)).permute(0, 3, 1, 2)
    packages = ('torch', 'captum', 'grad-cam', 'lime', 'shap')
    plus = plus_plus(model, x, TARGETS)
    maps = {**captum_values(model, x, TARGETS), 'gradCamPlusPlus': plus, **cam_values(model, x, TARGETS)}
    return {
        'made by': ', '.join(f'{p} {importlib.metadata.version(p)}' for p in packages),
        'targets': TARGETS,
        'logits': rounded(model(x).detach()),
        'maps': {name: sparse(values) for name, values in maps.items()},
        'superpixels': superpixel_values(model, x, TARGETS),
    }


if __name__ == '__main__':
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'explain.json'), 'w') as f:
        json.dump(main(), f)
