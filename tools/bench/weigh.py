"""What a program weighs with all that it loads."""

import os
import re
import shutil
import subprocess
import tempfile

# Every program has these anyway.
SYSTEM = re.compile(r"(ld-linux.*|(libc|libm|libpthread|libdl|librt|libstdc\+\+|libgcc_s)[.-].*)")


def loaded_libraries(program):
    """The files of all shared objects that the program loads but for SYSTEM, each once."""
    listing = subprocess.run(["ldd", program], text=True, stdout=subprocess.PIPE, check=True).stdout
    files = set()
    for name, path in re.findall(r"^\s*(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$", listing, re.M):
        if path == "not found":
            raise OSError(f"{program}: {name} is not found")
        if not SYSTEM.fullmatch(os.path.basename(name)):
            files.add(os.path.realpath(path))
    return sorted(files)


def stripped_size(program):
    """Bytes of a copy without symbols."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(program, folder)
        subprocess.run(["strip", copy], check=True)
        return os.path.getsize(copy)


def mebibytes(program):
    total = stripped_size(program) + sum(map(os.path.getsize, loaded_libraries(program)))
    return total / 2**20
