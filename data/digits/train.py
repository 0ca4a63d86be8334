#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Train a network on the handwritten digits that scikit-learn ships, quantize it, export it.

    PYTHONPATH=../../bindings/python /usr/bin/python3 train.py [FOLDER]

writes digits.reference.safetensors, the quantized reference model, and digits.test.safetensors, the
450 images that neither training nor calibration saw, with their labels, to FOLDER (this one if not
given), and prints the accuracies. Needs Debian's python3-torch and python3-sklearn. Seeds are fixed
and one thread computes: two runs on one machine write the same files.
"""

import copy
import os
import sys
import warnings

# oneDNN finds cached primitives without regard to output zero points: with more than one in the
# cache, the accuracy of torch's own int8 model would be that of mixed-up convolutions.
os.environ.setdefault("LRU_CACHE_CAPACITY", "1")

import numpy
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

import lowerfb_torch

SEED = 20
TEST_IMAGES = 450
EPOCHS = 60
BATCH = 64


def block(inputs, outputs, kernel, groups=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU())


class DigitNet(nn.Module):
    """8 x 8 pixels in, ten scores out: plain, depthwise, pointwise and grouped convolutions."""

    def __init__(self):
        super().__init__()
        self.stem = block(1, 16, 3)
        self.depthwise = block(16, 16, 3, groups=16)
        self.pointwise = block(16, 32, 1)
        self.pool = nn.MaxPool2d(2)
        self.grouped = block(32, 32, 3, groups=4)
        self.wide = block(32, 48, 3)
        self.average = nn.AdaptiveAvgPool2d(2)
        self.hidden = nn.Linear(48 * 4, 48)
        self.relu = nn.ReLU()
        self.scores = nn.Linear(48, 10)

    def forward(self, x):
        x = self.pool(self.pointwise(self.depthwise(self.stem(x))))
        x = self.average(self.wide(self.grouped(x)))
        # torch 1.13 leaves all in front of a size() call float; what shape is read of it quantizes.
        x = x.reshape(x.shape[0], -1)
        return self.scores(self.relu(self.hidden(x)))


def digits():
    """Images as float32 [n, 1, 8, 8] in 0 ... 1, labels as int64 [n]; for training and for test."""
    data = load_digits()
    images = (data.images / 16).astype(numpy.float32)[:, None]
    labels = data.target.astype(numpy.int64)
    split = train_test_split(images, labels, test_size=TEST_IMAGES, stratify=labels,
                             random_state=SEED)
    return [torch.from_numpy(part) for part in split]


def shifted(images, generator):
    """Each image moved by up to one pixel in each direction: the same digits, written elsewhere."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    moves = torch.randint(0, 3, (len(images), 2), generator=generator).tolist()
    return torch.stack([image[:, y:y + 8, x:x + 8] for image, (y, x) in zip(padded, moves)])


def train(images, labels):
    generator = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    model = DigitNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-2)
    steps = EPOCHS * -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=.05)
    for _ in range(EPOCHS):
        order = torch.randperm(len(images), generator=generator)
        for batch in order.split(BATCH):
            loss = loss_of(model(shifted(images[batch], generator)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def quantize(model, images):
    """The model with observers that have seen the training images, not yet converted."""
    example = (images[:1],)
    prepared = prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping("fbgemm"), example)
    with torch.no_grad():
        for batch in images.split(BATCH):
            prepared(batch)
    return prepared, example


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    engines = torch.backends.quantized.supported_engines
    torch.backends.quantized.engine = "fbgemm" if "fbgemm" in engines else "onednn"

    images, test_images, labels, test_labels = digits()
    model = train(images, labels)
    prepared, example = quantize(model, images)
    lowered = convert_fx(copy.deepcopy(prepared))
    reference = lowerfb_torch.convert_and_save(
        prepared, os.path.join(folder, "digits.reference.safetensors"), example)
    lowerfb_torch.save_tensors(os.path.join(folder, "digits.test.safetensors"),
                               {"input.0": test_images, "labels": test_labels})

    scores = {}
    with torch.no_grad():
        for name, candidate in (("float", model), ("reference", reference), ("int8", lowered)):
            scores[name] = candidate(test_images)
            right = (scores[name].argmax(1) == test_labels).sum().item()
            print("%-10s %d of %d right, %.2f %%"
                  % (name, right, len(test_labels), 100 * right / len(test_labels)))
    same = (scores["reference"].argmax(1) == scores["int8"].argmax(1)).sum().item()
    distance = (scores["reference"] - scores["int8"]).abs()
    print("reference and torch's int8 model agree on %d of %d; largest difference of a score %.4f"
          % (same, len(test_labels), distance.max()))
    print("nodes: reference %d, torch's int8 model %d"
          % (len(reference.graph.nodes), len(lowered.graph.nodes)))


if __name__ == "__main__":
    main()
