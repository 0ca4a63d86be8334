# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write the networks that models are timed with: export_models.py FOLDER [NAME ...]

Real architectures with random weights of a fixed seed, calibrated with random data, as reference
models (NAME.reference.safetensors), and the inputs they were calibrated with (NAME.inputs.safetensors).
Vision networks take images of 224 x 224; the transformers, the LSTM and the recommender have dynamic
linear layers. All of them take batches of any size, whatever size they were calibrated with.

torch 1.13 knows no quantized form of chunk, split, slices or channel_shuffle: whatever the spelling,
ShuffleNet's halves go through floats. Its joins, shuffles and convolutions are quantized.

Skips, with exit status 77, where torch or torchvision is missing.
"""

import os
import sys
import warnings

try:
    import torch
    import torchvision
    from torch import nn
    from torch.ao.quantization import QConfigMapping, default_dynamic_qconfig, float_qparams_weight_only_qconfig
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.quantize_fx import prepare_fx
except ImportError as missing:
    print("Skipped: %s" % missing)
    sys.exit(77)

import lowerfb_torch
from lowerfb_torch import safetensors


class Block(nn.Sequential):
    """Two convolutions with batch norm and relu."""

    def __init__(self, inputs, outputs):
        layers = []
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        super().__init__(*layers)


class UNet(nn.Module):
    """A small U-Net: three levels, transposed convolutions upwards."""

    def __init__(self, widths=(16, 32, 64, 128), classes=2):
        super().__init__()
        self.down = nn.ModuleList(Block(a, b) for a, b in zip((3,) + widths[:-2], widths[:-1]))
        self.pool = nn.MaxPool2d(2)
        self.bottom = Block(widths[-2], widths[-1])
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths[:-1], widths[1:]))
        self.merge = nn.ModuleList(Block(2 * a, a) for a in widths[:-1])
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        kept = []
        for level in self.down:
            x = level(x)
            kept.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for level in (2, 1, 0):
            x = self.merge[level](torch.cat([self.up[level](x), kept[level]], 1))
        return self.head(x)


class EncoderLayer(nn.Module):
    """A layer as BERT-base has it: 768 wide, 12 heads."""

    def __init__(self, width=768, heads=12, inner=3072):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.rise = nn.Linear(width, inner)
        self.fall = nn.Linear(inner, width)
        self.norm2 = nn.LayerNorm(width)

    def split(self, x):
        return x.reshape(-1, 128, self.heads, 64).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        weights = torch.softmax(torch.matmul(q, k.transpose(-2, -1)) * 0.125, -1)
        mixed = torch.matmul(weights, v).transpose(1, 2).reshape(-1, 128, 768)
        x = self.norm1(x + self.output(mixed))
        return self.norm2(x + self.fall(nn.functional.gelu(self.rise(x))))


class Encoder(nn.Sequential):
    def __init__(self, layers):
        super().__init__(*[EncoderLayer() for _ in range(layers)])


class Tagger(nn.Module):
    """Embedding, an LSTM of 256, tags."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10000, 128)
        self.lstm = nn.LSTM(128, 256, batch_first=True)
        self.tags = nn.Linear(256, 32)

    def forward(self, words):
        return self.tags(self.lstm(self.embedding(words))[0])


class Recommender(nn.Module):
    """As DLRM: dense features, bags of embeddings, products of all pairs."""

    def __init__(self, tables=8, rows=20000, width=64):
        super().__init__()
        self.bottom = nn.Sequential(nn.Linear(13, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, width), nn.ReLU())
        self.bags = nn.ModuleList(nn.EmbeddingBag(rows, width, mode="sum", include_last_offset=True) for _ in range(tables))
        self.top = nn.Sequential(nn.Linear(width + (tables + 1) ** 2, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 1))

    def forward(self, dense, indices, offsets):
        x = self.bottom(dense)
        rows = [x] + [bag(indices, offsets) for bag in self.bags]
        stacked = torch.stack(rows, 1)
        products = torch.matmul(stacked, stacked.transpose(1, 2))
        return torch.sigmoid(self.top(torch.cat([x, products.flatten(1)], 1)))


def shuffled_residual(self, x):
    """torchvision's, with sizes that are constants: a size () beside it keeps torch.cat in floats."""
    if self.stride == 1:
        halves = x.chunk(2, dim=1)
        out = torch.cat([halves[0], self.branch2(halves[1])], dim=1)
    else:
        out = torch.cat([self.branch1(x), self.branch2(x)], dim=1)
    out = out.view(-1, 2, self.channels // 2, self.side, self.side)
    return torch.transpose(out, 1, 2).contiguous().view(-1, self.channels, self.side, self.side)


def shufflenet():
    network = torchvision.models.shufflenet_v2_x1_0(weights=None)
    for stage, side in ((network.stage2, 28), (network.stage3, 14), (network.stage4, 7)):
        for block in stage:
            block.side, block.channels = side, 2 * block.branch2[5].out_channels
    return network


torchvision.models.shufflenetv2.InvertedResidual.forward = shuffled_residual


def image(batch):
    return (torch.randn(batch, 3, 224, 224),)


def dynamic(*functions):
    mapping = QConfigMapping().set_global(default_dynamic_qconfig)
    for kind in (nn.LayerNorm, nn.Embedding, torch.sigmoid):
        mapping = mapping.set_object_type(kind, None)
    for kind in (nn.EmbeddingBag,):
        mapping = mapping.set_object_type(kind, float_qparams_weight_only_qconfig)
    for function in functions:
        mapping = mapping.set_object_type(function, None)
    return mapping


def words(batch):
    return (torch.randn(batch, 128, 768),)


def bags(batch):
    return (torch.randn(batch, 13), torch.randint(0, 20000, (batch * 20,)), torch.arange(0, batch * 20 + 1, 20))


# name: (network, inputs for a batch, mapping)
STATIC = get_default_qconfig_mapping
NETWORKS = {
    "resnet18": (lambda: torchvision.models.resnet18(weights=None), image, STATIC),
    "resnet50": (lambda: torchvision.models.resnet50(weights=None), image, STATIC),
    "mobilenet_v2": (lambda: torchvision.models.mobilenet_v2(weights=None), image, STATIC),
    "mobilenet_v3_large": (lambda: torchvision.models.mobilenet_v3_large(weights=None), image, STATIC),
    "googlenet": (lambda: torchvision.models.googlenet(weights=None, aux_logits=False, init_weights=False), image, STATIC),
    "shufflenet_v2_x1_0": (shufflenet, image, STATIC),
    "unet": (UNet, image, STATIC),
    "encoder_layer": (lambda: Encoder(1), words, dynamic),
    "bert_base": (lambda: Encoder(12), words, dynamic),
    "lstm_tagger": (Tagger, lambda batch: (torch.randint(0, 10000, (batch, 64)),), dynamic),
    "recommender": (Recommender, bags, dynamic),
}


def settle(network, inputs):
    """Give batch norms the statistics of what they get: with the initial ones activations die out."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()
    network(*inputs)
    network.eval()


def prepare(name):
    """A network, calibrated, and the inputs for one batch of one."""
    make, inputs_for, mapping = NETWORKS[name]
    torch.manual_seed(1)
    network = make().eval()
    inputs = inputs_for(1)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if mapping is STATIC:
            settle(network, inputs_for(4))
        prepared = prepare_fx(network, mapping() if mapping is not STATIC else mapping("fbgemm"), inputs)
        for _ in range(2):
            prepared(*inputs)
    return prepared, inputs


def inputs_of(name, batch):
    """The same inputs for a batch each time."""
    torch.manual_seed(batch + 1)
    return NETWORKS[name][1](batch)


def save_inputs(inputs, path):
    safetensors.write(path, {"input.%d" % i: tensor for i, tensor in enumerate(inputs)})


def export(name, folder):
    prepared, inputs = prepare(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lowerfb_torch.convert_and_save(prepared, os.path.join(folder, name + ".reference.safetensors"), inputs)
    save_inputs(inputs, os.path.join(folder, name + ".inputs.safetensors"))
    print(name)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: export_models.py FOLDER [NAME ...]")
    for chosen in sys.argv[2:] or NETWORKS:
        export(chosen, sys.argv[1])
