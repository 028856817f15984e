"""numpy_test.py PROGRAM: NumPy writes arrays, `PROGRAM numpy FOLDER` (interchange.cpp) reads them and
writes them again in double precision, and NumPy finds the same numbers."""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np

SHAPES = [(), (1,), (7,), (0, 3), (2, 3), (2, 1, 3, 4)]
TYPES = ["f2", "f4", "f8", "b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]


def numbers(random, kind, shape):
    if kind[0] == "f":
        return random.standard_normal(shape).astype(kind)
    low, high = (0, 2) if kind == "b1" else (-100 if kind[0] == "i" else 0, 128)
    return np.asarray(random.integers(low, high, shape)).astype(kind)


def make(folder, random):
    """Files, and what is in them."""
    arrays = {}
    for shape in SHAPES:
        for kind in TYPES:
            for order in "<>":
                for layout in "CF":
                    x = np.asarray(numbers(random, kind, shape).astype(order + kind), order=layout)
                    what = "numbers" if kind[0] == "f" else "integers"
                    name = f"{what}_{len(arrays)}"
                    np.save(folder / f"{name}.npy", x)
                    arrays[name] = x
    for version in [(1, 0), (2, 0), (3, 0)]:
        name = f"numbers_version_{version[0]}"
        arrays[name] = numbers(random, "f4", (3, 2))
        with open(folder / f"{name}.npy", "wb") as file:
            np.lib.format.write_array(file, arrays[name], version=version)
    refused = [np.zeros(2, "c8"), np.array(["text"]), np.array([b"text"]), np.array([None]),
               np.zeros(2, [("a", "f4")]), np.zeros(2, "M8[s]"), np.zeros(2, np.longdouble),
               np.zeros((1,) * 9)]
    for i, x in enumerate(refused):
        np.save(folder / f"refused_{i}.npy", x)
    archives = {}
    for name, save in [("stored", np.savez), ("deflated", np.savez_compressed)]:
        archives[name] = {"conv1.weight": numbers(random, "f4", (2, 3, 5, 5)),
                          "labels": numbers(random, "i8", (1000,)), "zeros": np.zeros((100, 1000)),
                          "\u00e4/b": np.asfortranarray(numbers(random, ">f8", (4, 3))),
                          "scalar": np.float32(0.5)}
        save(folder / f"{name}.npz", **archives[name])
    np.savez(folder / "none.npz")
    archives["none"] = {}
    return arrays, archives, len(refused)


def check(found, wanted, dtype, name):
    assert found.dtype == dtype, (name, found.dtype)
    assert found.flags.c_contiguous, name
    np.testing.assert_array_equal(found, wanted.astype(dtype), strict=True, err_msg=name)


def main(program):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        arrays, archives, refused = make(folder, np.random.default_rng(6))
        subprocess.run([program, "numpy", folder], check=True)
        for name, x in arrays.items():
            check(np.load(folder / f"again/{name}.npy"), x, np.float64, name)
            if name.startswith("integers"):
                labels = np.load(folder / f"again/labels_{name}.npy")
                check(labels, x.flatten(), np.int32, name)
        for name, archive in archives.items():
            with np.load(folder / f"again/{name}.npz") as again:
                assert again.zip.testzip() is None
                assert sorted(again.files) == sorted(archive), (name, again.files)
                for key, x in archive.items():
                    check(again[key], np.asarray(x), np.float64, key)
        print(f"{len(arrays)} arrays and {len(archives)} archives are the same after a round trip; "
              f"{refused} arrays refused, as above")


if __name__ == "__main__":
    main(sys.argv[1])
