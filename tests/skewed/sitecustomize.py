"""A machine whose clock is wrong: with this folder on PYTHONPATH, Python's wall clock is SKEW_SECONDS off.

Python imports a module of this name before anything else. Only the wall clock is moved, as a wrong NTP would: what
measures spans goes on as it was. `datetime` is a type of C's, so that its method is put into its own dictionary.
"""

import ctypes
import datetime
import gc
import os
import time

SKEW_SECONDS = float(os.environ["SKEW_SECONDS"])
real_time, real_time_ns, real_now = time.time, time.time_ns, datetime.datetime.now


def now(_cls: type, tz: datetime.tzinfo | None = None) -> datetime.datetime:
    """The time by the wrong clock."""
    return real_now(tz) + datetime.timedelta(seconds=SKEW_SECONDS)


time.time = lambda: real_time() + SKEW_SECONDS
time.time_ns = lambda: real_time_ns() + round(SKEW_SECONDS * 1e9)
(methods,) = gc.get_referents(datetime.datetime.__dict__)
methods["now"] = classmethod(now)
ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
