"""An emulated 64-bit ARM processor that runs one static program, as its kernel and its host.

The program is served the few system calls that its C library needs, and one more by which it asks
its host for work. What the host puts in its memory ends where a page ends, and nothing lies
behind: a read beyond the last byte stops the program.
"""

import struct
from ctypes import Structure, sizeof
from enum import IntEnum
from itertools import count
from pathlib import Path
from time import monotonic_ns

from unicorn import UC_ARCH_ARM64, UC_HOOK_INTR, UC_MODE_ARM, UC_PROT_ALL, Uc, UcError
from unicorn.arm64_const import (
    UC_ARM64_REG_PC,
    UC_ARM64_REG_SP,
    UC_ARM64_REG_X0,
    UC_ARM64_REG_X1,
    UC_ARM64_REG_X2,
    UC_ARM64_REG_X8,
)

__all__ = ["Machine", "MachineError"]

PAGE = 0x1000
STACK, STACK_BYTES = 0x7F_0000_0000, 0x80_0000
MAPPINGS, GIVEN = 0x20_0000_0000, 0x40_0000_0000

SYSTEM_CALL, NO_SUCH_CALL = 2, -38
CALL_REGISTERS = (UC_ARM64_REG_X8, UC_ARM64_REG_X0, UC_ARM64_REG_X1, UC_ARM64_REG_X2)

ELF_AARCH64, LOAD = 183, 1
AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY, AT_RANDOM = 0, 3, 4, 5, 6, 9, 25


class Call(IntEnum):
    """System calls of Linux on 64-bit ARM, and the one of server.cpp."""

    WRITEV = 66
    EXIT = 93
    EXIT_GROUP = 94
    SET_TID = 96
    CLOCK = 113
    KILL = 130
    SIGNALS = 135
    MUNMAP = 215
    MMAP = 222
    MPROTECT = 226
    MADVISE = 233
    NEXT_REQUEST = 0x10000


class MachineError(RuntimeError):
    """The program did what it must not do."""


class Machine:
    """Runs a static program until it asks for work, and again for each request."""

    def __init__(self, program: Path) -> None:
        self._emulator = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        self._emulator.hook_add(UC_HOOK_INTR, self._interrupted)
        self._mapped = MAPPINGS
        self._given: list[tuple[int, int]] = []
        self._places = count(GIVEN, 0x1000_0000)
        self._problem = ""
        self.request = 0
        self._go_on(self._load(program.read_bytes()))

    def give(self, content: bytes) -> int:
        """Address of these bytes in the program's memory, until :meth:`take_back`."""
        size = -(-len(content) // PAGE) * PAGE or PAGE
        place = next(self._places)
        self._map(place, size)
        self._given.append((place, size))
        address = place + size - len(content)
        self._emulator.mem_write(address, content)
        return address

    def take_back(self) -> None:
        """Unmap all that was given."""
        for place, size in self._given:
            self._emulator.mem_unmap(place, size)
        self._given.clear()
        self._places = count(GIVEN, 0x1000_0000)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._emulator.mem_read(address, size))

    def text(self, address: int) -> str:
        return self.read(address, 32).split(b"\0")[0].decode()

    def ask(self, request: Structure) -> Structure:
        """Let the program answer a request, and return it with the answer."""
        self._emulator.mem_write(self.request, bytes(request))
        self._go_on(self._emulator.reg_read(UC_ARM64_REG_PC))
        return type(request).from_buffer_copy(self.read(self.request, sizeof(request)))

    def _go_on(self, place: int) -> None:
        try:
            self._emulator.emu_start(place, 0)
        except UcError as error:
            here = self._emulator.reg_read(UC_ARM64_REG_PC)
            problem = f"{error} at {here:#x}: llvm-objdump -d shows where. {self._problem}"
            raise MachineError(problem) from None
        if self._problem:
            raise MachineError(self._problem)

    def _map(self, place: int, size: int) -> None:
        self._emulator.mem_map(place, size, UC_PROT_ALL)

    def _load(self, elf: bytes) -> int:
        """Put the program and what a kernel tells it in memory; return where it begins."""
        machine, _, entry, table = struct.unpack_from("<HIQQ", elf, 18)
        entry_bytes, entries = struct.unpack_from("<HH", elf, 54)
        if machine != ELF_AARCH64:
            raise MachineError(f"A program for machine {machine}, not for 64-bit ARM (183).")
        places = range(table, table + entries * entry_bytes, entry_bytes)
        segments = [struct.unpack_from("<IIQQQQQ", elf, place) for place in places]
        loaded = [segment for segment in segments if segment[0] == LOAD]
        first = min(s[3] for s in loaded) // PAGE * PAGE
        end = -(-max(s[3] + s[6] for s in loaded) // PAGE) * PAGE
        self._map(first, end - first)
        for _, _, offset, address, _, in_file, _ in loaded:
            self._emulator.mem_write(address, elf[offset : offset + in_file])
        known = {
            AT_PHDR: loaded[0][3] - loaded[0][2] + table,
            AT_PHENT: entry_bytes,
            AT_PHNUM: entries,
            AT_PAGESZ: PAGE,
            AT_ENTRY: entry,
            AT_RANDOM: STACK + STACK_BYTES - 64,
            AT_NULL: 0,
        }
        self._map(STACK, STACK_BYTES)
        # No arguments, no environment, then what is known.
        words = [0, 0, 0, *(word for pair in known.items() for word in pair)]
        top = STACK + STACK_BYTES - 1024
        self._emulator.mem_write(top, struct.pack(f"<{len(words)}Q", *words))
        self._emulator.reg_write(UC_ARM64_REG_SP, top)
        return entry

    def _interrupted(self, emulator: Uc, number: int, _data: object) -> None:
        if number != SYSTEM_CALL:
            self._stop(f"Exception {number} of the processor.")
            return
        call, *arguments = (emulator.reg_read(r) for r in CALL_REGISTERS)
        answer = self._serve(call, *arguments)
        emulator.reg_write(UC_ARM64_REG_X0, answer & (1 << 64) - 1)

    def _stop(self, problem: str = "") -> None:
        self._problem += problem
        self._emulator.emu_stop()

    def _serve(self, call: int, x0: int, x1: int, x2: int) -> int:
        """Answer a system call."""
        match call:
            case Call.NEXT_REQUEST:
                self.request = x0
                self._stop()
            case Call.MMAP:
                return self._more(x1)
            case Call.MUNMAP:
                self._emulator.mem_unmap(x0, -(-x1 // PAGE) * PAGE)
            case Call.WRITEV:
                pieces = struct.iter_unpack("<QQ", self.read(x1, x2 * 16))
                written = b"".join(self.read(place, size) for place, size in pieces)
                self._problem += written.decode(errors="replace")
                return len(written)
            case Call.CLOCK:
                self._emulator.mem_write(x1, struct.pack("<QQ", *divmod(monotonic_ns(), 10**9)))
            case Call.EXIT | Call.EXIT_GROUP | Call.KILL:
                self._stop(f"The program ended by system call {call}.")
            case Call.MPROTECT | Call.MADVISE | Call.SIGNALS | Call.SET_TID:
                return 0
            case _:
                # A C library that is told so does without: it maps memory where brk fails.
                return NO_SUCH_CALL
        return 0

    def _more(self, size: int) -> int:
        place = self._mapped
        size = -(-size // PAGE) * PAGE
        self._map(place, size)
        self._mapped += size + PAGE
        return place
