"""
avow parked: where each async function that awaits stands, in gdb.

    (gdb) source /usr/share/avow/avow-gdb.py
    (gdb) avow parked
    loop 0x7fffffffd8c0: 1 parked
      0x5555555a3010 <greet>, promise 0x7ffff7fb2080
        look_up () at greet.c:12
        greet () at greet.c:20
        ...

For a process, or the core that the system wrote of it (what gdb's own
generate-core-file writes lacks the stacks where Linux keeps their guards in the
page table). Only reads: each backtrace comes from an unwinder that says of the
innermost frame, once, that the parked function called it.
Needs avow with debug information, and switching by assembly, as on x86-64 and
aarch64: what sigsetjmp() keeps elsewhere is the C library's secret.
"""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

# By architecture: what avow__switch() pushes, a word each, upwards from the
# stack pointer that it keeps (None: how numbers are rounded); how many bytes that is; and the names of the
# stack pointer and of the program counter.
PUSHED = {
    "i386:x86-64": (
        [None, "r15", "r14", "r13", "r12", "rbx", "rbp", "rip"],
        64,
        "rsp",
    ),
    "aarch64": (
        ["x%d" % i for i in range(19, 30)] + ["pc"],
        176,
        "sp",
    ),
}


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class FromSpot(Unwinder):
    """Once armed with a stack pointer, takes the next frame for one that was
    called from there. gdb asks for the innermost frame first."""

    def __init__(self):
        super().__init__("avow")
        self.sp = None

    def __call__(self, pending):
        if self.sp is None:
            return None
        at, self.sp = self.sp, None
        names, size, sp_name = PUSHED[pending.architecture().name()]
        word = gdb.lookup_type("unsigned long")
        words = gdb.Value(at).cast(word.pointer())
        # Below the function's own frame, as if it were on the same stack.
        sp = words.cast(word)
        info = pending.create_unwind_info(FrameId(sp, words[len(names) - 1]))
        for i, name in enumerate(names):
            if name is not None:
                info.add_saved_register(name, words[i])
        info.add_saved_register(sp_name, sp + size)
        return info


unwinder = FromSpot()
register_unwinder(None, unwinder, replace=True)


def describe(frame):
    name = frame.name() or hex(frame.pc())
    sal = frame.find_sal()
    if sal.symtab is None:
        return name + " ()"
    return "%s () at %s:%d" % (name, sal.symtab.filename, sal.line)


def frames_from(sp):
    """The frames of a stack that is parked with that stack pointer."""
    level = gdb.selected_frame().level()
    unwinder.sp = sp
    gdb.invalidate_cached_frames()
    try:
        lines = []
        frame = gdb.newest_frame().older()
        while frame is not None:
            lines.append(describe(frame))
            frame = frame.older()
        return lines
    finally:
        unwinder.sp = None
        gdb.invalidate_cached_frames()
        gdb.execute("frame %d" % level, to_string=True)


def evaluate(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error:
        raise gdb.GdbError("avow is not here, or has no debug information")


def contexts():
    """Those of all loops."""
    shelf = evaluate("avow__shelves")
    shelf = shelf.cast(gdb.lookup_type("avow__shelf_t").pointer())
    while shelf != 0:
        for i in range(1 << int(shelf["log"])):
            context = shelf["entries"][i]["context"]
            if context != 0:
                yield context.dereference()
        shelf = shelf["smaller"]


def fibers(context):
    """Those that are parked: one that runs has no spot."""
    parked = evaluate("(int) AVOW__ASYNC")
    pointer = gdb.lookup_type("avow__fiber_t").pointer()
    first = link = context["fibers"]["busy"]
    while link != 0:
        fiber = link.cast(pointer).dereference()
        if int(fiber["promise"]["kind"]) == int(parked):
            yield fiber
        link = link["next"]
        if link == first:
            return


def check():
    fields = [f.name for f in gdb.lookup_type("avow__spot_t").fields()]
    if "sp" not in fields:
        raise gdb.GdbError(
            "this avow changes stacks by sigsetjmp(): "
            "where functions are parked cannot be read"
        )
    if gdb.selected_thread() is None:
        raise gdb.GdbError("there is no process, nor a core of one")
    name = gdb.selected_frame().architecture().name()
    if name not in PUSHED:
        raise gdb.GdbError("nothing is known of stacks on " + name)


def show(fiber):
    where = ""
    if "file" in fiber.type.strip_typedefs() and fiber["file"] != 0:
        where = ", awaits at %s:%d" % (fiber["file"].string(), fiber["line"])
    print("  %s, promise %s%s" % (fiber["fn"], fiber["promise"], where))
    for line in frames_from(int(fiber["spot"]["sp"])):
        print("    " + line)


class Avow(gdb.Command):
    """What avow keeps: see help avow parked."""

    def __init__(self):
        super().__init__("avow", gdb.COMMAND_STACK, prefix=True)


class Parked(gdb.Command):
    """The async functions of all loops that await, and where they stand."""

    def __init__(self):
        super().__init__("avow parked", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        evaluate("avow__registry")
        check()
        for context in contexts():
            all_parked = list(fibers(context))
            loop = int(context["loop"])
            print("loop 0x%x: %d parked" % (loop, len(all_parked)))
            for fiber in all_parked:
                show(fiber)


Avow()
Parked()
