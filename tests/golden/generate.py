#!/usr/bin/python3
"""Writes ops.safetensors, layers.safetensors and training.safetensors; see README.md."""

import os
import pathlib
import subprocess
import sys

# The same instructions on every machine with AVX2, and so the same last bits.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["OPENBLAS_CORETYPE"] = "Haswell"
sys.dont_write_bytecode = True

import layers
import networks
import ops
import recurrent
import training
from recorder import write_safetensors

PACKAGE = "python3-torch"

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__ + "/..").resolve()
version = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", PACKAGE], check=True,
                         capture_output=True, text=True).stdout
metadata = {"made_by": f"Debian's {PACKAGE} {version}", "seed": "the name of each case"}
for name, families in {
    "ops": [ops.generate, recurrent.ops, recurrent.cells],
    "layers": [layers.generate, recurrent.layers],
    "training": [training.generate, networks.generate],
}.items():
    cases = {}
    for family in families:
        family(cases)
    path = folder / f"{name}.safetensors"
    write_safetensors(path, cases, metadata)
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")
