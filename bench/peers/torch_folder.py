"""python3 torch_folder.py MODEL THREADS BATCH FOLDER: classes of all photos of a folder in PyTorch; talks as peers/serve.js does."""
import os, sys, time
import torch, torchvision
from PIL import Image
from torchvision import transforms

name, threads, batch, folder = sys.argv[1].replace('-', '_'), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
model = getattr(torchvision.models, name)(weights=None).eval()
prepare = transforms.Compose([
    transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
])
paths = [os.path.join(folder, file) for file in sorted(os.listdir(folder))]


class Photos(torch.utils.data.Dataset):
    def __len__(self):
        return len(paths)

    def __getitem__(self, i):
        return prepare(Image.open(paths[i]).convert('RGB'))


loader = torch.utils.data.DataLoader(Photos(), batch_size=batch, num_workers=threads, persistent_workers=True)


@torch.inference_mode()
def run():
    return [torch.softmax(model(images), 1).topk(5) for images in loader]


begin = time.perf_counter()
run()
while time.perf_counter() - begin < 4:
    run()
print('ready', flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    run()
    print((time.perf_counter() - start) * 1000, flush=True)
