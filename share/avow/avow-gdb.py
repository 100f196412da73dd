# SPDX-License-Identifier: MIT
"""
What avow has, in gdb: avow parked, where each async function that awaits
stands; and values and promises as what they are.

    (gdb) source /usr/share/avow/avow-gdb.py
    (gdb) avow parked
    loop 0x7fffffffd8c0: 1 parked
      0x5555555a3010 <greet>, promise 0x7ffff7fb2080
        look_up () at greet.c:12
        greet () at greet.c:20
        ...
    (gdb) print v
    $1 = ERROR ENOENT "open 'settings': no such file or directory"
    (gdb) print *p
    $2 = pending then, calls 0x555555556a10 <greet>, waits for 0x7ffff7fb2080

For a process, or the core that the system wrote of it (what gdb's own
generate-core-file writes lacks the stacks where Linux keeps their guards in the
page table). Only reads: each backtrace comes from an unwinder that says of the
innermost frame, once, that the parked function called it.
Needs avow with debug information; and for parked, switching by assembly, as on x86-64 and
aarch64: what sigsetjmp() keeps elsewhere is the C library's secret.
"""

import errno

import gdb
import gdb.printing
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
    table = evaluate("avow__loop_tables")
    table = table.cast(gdb.lookup_type("avow__loop_table_t").pointer())
    while table != 0:
        for i in range(1 << int(table["log"])):
            context = table["entries"][i]["context"]
            if context != 0:
                yield context.dereference()
        table = table["smaller"]


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


def call_at(what, struct, field):
    """The line of a call that trace builds note by an address inside it."""
    names = [f.name for f in struct.type.strip_typedefs().fields()]
    if field not in names or struct[field] == 0:
        return ""
    line = gdb.find_pc_line(int(struct[field]))
    if line.symtab is None:
        return ", %s in %s" % (what, struct[field])
    return ", %s at %s:%d" % (what, line.symtab.filename, line.line)


def show(fiber):
    where = call_at("awaits", fiber, "awaits")
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
        evaluate("avow__loop_entries")
        check()
        for context in contexts():
            all_parked = list(fibers(context))
            loop = int(context["loop"])
            print("loop 0x%x: %d parked" % (loop, len(all_parked)))
            for fiber in all_parked:
                show(fiber)


Avow()
Parked()


# Values and promises.

# Codes of libuv's that are no errno, and avow's own.
CODES = {
    -3000: "EAI_ADDRFAMILY",
    -3001: "EAI_AGAIN",
    -3002: "EAI_BADFLAGS",
    -3003: "EAI_CANCELED",
    -3004: "EAI_FAIL",
    -3005: "EAI_FAMILY",
    -3006: "EAI_MEMORY",
    -3007: "EAI_NODATA",
    -3008: "EAI_NONAME",
    -3009: "EAI_OVERFLOW",
    -3010: "EAI_SERVICE",
    -3011: "EAI_SOCKTYPE",
    -3013: "EAI_BADHINTS",
    -3014: "EAI_PROTOCOL",
    -4080: "ECHARSET",
    -4094: "UNKNOWN",
    -4095: "EOF",
    -20001: "AVOW_EBROKEN",
    -20002: "AVOW_ECYCLE",
    -20003: "AVOW_EAGGREGATE",
    -20004: "AVOW_EIDLE",
    -20005: "AVOW_EREASON",
    -20006: "AVOW_EMISUSE",
    -20007: "AVOW_ENOTASYNC",
    -20008: "AVOW_ETHROWN",
}

TAGS = (
    "NONE INT DOUBLE POINTER OBJECT BYTES LIST ERROR PROMISE THENABLE".split()
)

MOST = 200  # bytes, or items of a list, that are shown

STATES = ["pending", "fulfilled", "rejected"]

GATHERS = ["all", "all_settled", "race", "any", "outcomes"]

# Of avow__kind_t: those whose functions are at u.then, and at u.fn.
REACTIONS = {"THEN", "CLOSURE", "STACKLESS"}
CALLERS = {"FINALLY", "STEP", "REPEAT"}


def code_name(code):
    return CODES.get(code) or errno.errorcode.get(-code) or str(code)


def block(value, name):
    """What a value holds, as that type; None without debug information."""
    try:
        pointer = gdb.lookup_type(name).pointer()
    except gdb.error:
        return None
    return value["u"]["p"].cast(pointer).dereference()


def quoted(data, length):
    """Bytes as C writes them, those at the beginning."""
    text = '"'
    shown = min(length, MOST)
    memory = gdb.selected_inferior().read_memory(data, shown) if shown else b""
    for byte in bytes(memory):
        char = chr(byte)
        if char in '"\\':
            text += "\\" + char
        elif " " <= char <= "~":
            text += char
        elif char == "\n":
            text += "\\n"
        else:
            text += "\\%03o" % byte
    return text + '"' + ("..." if length > MOST else "")


def bytes_text(value):
    held = block(value, "avow__bytes_t")
    if held is None:
        return str(value["u"]["p"])
    return quoted(int(held["data"].address), int(held["len"]))


def object_text(value):
    held = block(value, "avow__object_t")
    if held is None:
        return str(value["u"]["p"])
    return "%s %s" % (held["klass"]["name"].string(), held["self"])


def error_text(value):
    text = code_name(int(value["code"]))
    held = block(value, "avow__error_t") if value["u"]["p"] != 0 else None
    if held is not None:
        pointer = gdb.lookup_type("char").pointer()
        words = held["message"].address.cast(pointer).string(errors="replace")
        if words:
            text += ' "%s"' % words
    return text


def list_text(value):
    held = block(value, "avow__list_t")
    return str(value["u"]["p"]) if held is None else "of %d" % held["len"]


TEXTS = {
    "INT": lambda v: str(int(v["u"]["i"])),
    "DOUBLE": lambda v: str(v["u"]["d"]),
    "POINTER": lambda v: str(v["u"]["p"]),
    "OBJECT": object_text,
    "BYTES": bytes_text,
    "LIST": list_text,
    "ERROR": error_text,
    "PROMISE": lambda v: str(v["u"]["p"]),
    "THENABLE": object_text,
}


def tag_of(value):
    tag = int(value["tag"])
    return TAGS[tag] if tag < len(TAGS) else "no value, tag %d" % tag


def value_text(value):
    """A value in a line."""
    tag = tag_of(value)
    try:
        return tag if tag not in TEXTS else tag + " " + TEXTS[tag](value)
    except gdb.MemoryError:
        return tag + " of memory that cannot be read"


class PrintValue:
    """An avow_value_t. A list shows its items, an error its cause."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return value_text(self.value)

    def children(self):
        tag = tag_of(self.value)
        if tag == "LIST":
            held = block(self.value, "avow__list_t")
            for i in range(min(int(held["len"]), MOST) if held else 0):
                yield "[%d]" % i, held["items"][i]
        if tag == "ERROR" and self.value["u"]["p"] != 0:
            held = block(self.value, "avow__error_t")
            if held is not None and int(held["cause"]["tag"]) != 0:
                yield "cause", held["cause"]


class PrintPromise:
    """A promise: its state and kind, what it settled with, or waits for."""

    def __init__(self, promise):
        self.promise = promise
        kind = promise["kind"].cast(gdb.lookup_type("avow__kind_t"))
        self.kind = str(kind).replace("AVOW__", "")
        self.state = int(promise["flags"]) & 3

    def name(self):
        if self.kind == "GATHER" and self.state == 0:
            return GATHERS[int(self.promise["u"]["gather"]["kind"])]
        return evaluate("avow__kinds")[int(self.promise["kind"])][
            "name"
        ].string()

    def given(self):
        """The name that the program gave it."""
        name = self.promise["given_name"]
        if self.kind == "ASYNC":
            pointer = gdb.lookup_type("avow__fiber_t").pointer()
            name = self.promise["data"].cast(pointer)["name"]
        elif not int(self.promise["flags"]) & 4096 or (
            self.kind != "DEFERRED"
            and (self.kind != "RUNNING" or self.state == 0)
        ):
            return ""
        return " '%s'" % name.string() if name != 0 else ""

    def calls(self):
        u = self.promise["u"]
        if self.kind in REACTIONS:
            for field in "on_fulfilled", "on_rejected":
                if u["then"][field] != 0:
                    yield u["then"][field]
        elif self.kind in CALLERS:
            yield u["fn"]
        elif self.kind == "ASYNC":
            pointer = gdb.lookup_type("avow__fiber_t").pointer()
            yield self.promise["data"].cast(pointer)["fn"]

    def waits(self):
        text = "".join(", calls %s" % fn for fn in self.calls())
        if self.promise["upstream"] != 0:
            text += ", waits for %s" % self.promise["upstream"]
        return text

    def place(self):
        return call_at("made", self.promise, "caller")

    def to_string(self):
        if self.kind == "FREE":
            return "no promise: its block is free"
        if self.kind == "CHANNEL":
            over = int(self.promise["flags"]) & 8
            return "channel, " + ("ended" if over else "open") + self.place()
        text = STATES[self.state] + " " + self.name() + self.given()
        if self.state == 0:
            text += self.waits()
        else:
            text += ": " + value_text(self.promise["u"]["value"])
        return text + self.place()


printers = gdb.printing.RegexpCollectionPrettyPrinter("avow")
printers.add_printer("value", "^avow_value_s$", PrintValue)
printers.add_printer("promise", "^avow_promise_s$", PrintPromise)
gdb.printing.register_pretty_printer(None, printers, replace=True)
