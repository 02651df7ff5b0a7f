"""A machine whose clock is wrong: with this folder on PYTHONPATH, Python's wall clock is off by what WRONG_CLOCK says.

That is a file with a number of seconds, which may change at any time. Python imports a module of this name before
anything else. Only the wall clock is moved, as a wrong NTP would: what measures spans goes on as it was. `datetime` is
a type of C's, so that its method is put into its own dictionary.
"""

import ctypes
import datetime
import gc
import mmap
import os
import struct
import time

with open(os.environ["WRONG_CLOCK"], "rb") as file:  # noqa: PTH123 - before anything else is imported
    clock = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
real_time, real_time_ns, real_now = time.time, time.time_ns, datetime.datetime.now


def off_by() -> float:
    """By how many seconds the clock is wrong just now."""
    seconds: float = struct.unpack_from("d", clock)[0]
    return seconds


def now(_cls: type, tz: datetime.tzinfo | None = None) -> datetime.datetime:
    """The time by the wrong clock."""
    return real_now(tz) + datetime.timedelta(seconds=off_by())


time.time = lambda: real_time() + off_by()
time.time_ns = lambda: real_time_ns() + round(off_by() * 1e9)
(methods,) = gc.get_referents(datetime.datetime.__dict__)
methods["now"] = classmethod(now)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
