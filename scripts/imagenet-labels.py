"""Writes src/models/labels/imagenet.ts: the names and WordNet ids of ImageNet-1k's classes, in the order of their numbers.

    python3 scripts/imagenet-labels.py

The names are those of PyPI's package torchvision, the ids those of timm; nothing of either is run.
"""
import ast, glob, pathlib, subprocess, sys, tempfile, zipfile


def wheel_text(package, member):
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', folder, package]
        subprocess.run(download, check=True)
        with zipfile.ZipFile(glob.glob(folder + '/*.whl')[0]) as wheel:
            return wheel.read(member).decode()


tree = ast.parse(wheel_text('torchvision', 'torchvision/models/_meta.py'))
names = next(
    ast.literal_eval(node.value)
    for node in tree.body
    if isinstance(node, ast.Assign) and node.targets[0].id == '_IMAGENET_CATEGORIES'
)
ids = wheel_text('timm', 'timm/data/_info/imagenet_synsets.txt').split()
assert len(names) == len(ids) == 1000

quote = lambda text: '"' + text + '"' if "'" in text else "'" + text + "'"
out = ['// Made by scripts/imagenet-labels.py.', '']
for doc, constant, values in (
    ("The names of ImageNet-1k's classes, in the order of their numbers.", 'imageNetLabels', names),
    ("The WordNet ids of ImageNet-1k's classes, in the order of their numbers.", 'imageNetWordNetIds', ids),
):
    out += [f'/** {doc} */', f'export const {constant}: readonly string[] = [', *(f'  {quote(v)},' for v in values), '];', '']
path = pathlib.Path(__file__).parent.parent / 'src/models/labels/imagenet.ts'
path.write_text('\n'.join(out).rstrip('\n') + '\n')
