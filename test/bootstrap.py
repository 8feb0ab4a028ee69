"""python3 test/bootstrap.py arm64|x86_64 FILE... fails unless each is a bootstrap that starts on Lambda, bare or alone in a zip.

One that links a C library, that is made for another processor or that may not be executed fails only there.
"""

import struct
import sys
import zipfile

MACHINES = {"x86_64": 62, "arm64": 183}
INTERPRETER = 3  # PT_INTERP: what a dynamically linked program asks for


def read(path):
    if not zipfile.is_zipfile(path):
        return open(path, "rb").read()
    with zipfile.ZipFile(path) as archive:
        (entry,) = archive.infolist()
        assert entry.filename == "bootstrap", f"holds {entry.filename}"
        assert entry.create_system == 3 and entry.external_attr >> 16 == 0o100755, "may not be executed by everybody"
        return archive.read(entry)


def check(elf, machine):
    assert elf[:6] == b"\x7fELF\x02\x01", "is no 64-bit ELF file"
    kind, found = struct.unpack_from("<HH", elf, 16)
    assert kind == 2, "is no plain executable"
    assert found == machine, f"is for the machine {found}, not {machine}"
    (start,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    segments = [struct.unpack_from("<I", elf, start + i * size)[0] for i in range(count)]
    assert segments and INTERPRETER not in segments, "is not linked statically"


for path in sys.argv[2:]:
    try:
        check(read(path), MACHINES[sys.argv[1]])
    except AssertionError as fault:
        sys.exit(f"{path} {fault}")
