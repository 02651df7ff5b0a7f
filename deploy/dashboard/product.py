"""The whole product, started for somebody to look at and ended afterwards."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 120
STOP_SECONDS = 60


@contextmanager
def started(speed: float, settings: Mapping[str, str], workers: int = 1) -> Iterator[str]:
    """`paperfleet up` on a simulated market at so many times its speed, in a folder of its own; its address.

    Raises RuntimeError when it does not start.
    """
    program = str(Path(sys.executable).with_name("paperfleet"))
    with tempfile.TemporaryDirectory(prefix="paperfleet-product-") as data:
        command = [program, "up", "--data", data, "--speed", str(speed), "--workers", str(workers)]
        with (Path(data) / "output").open("w+") as output:
            product = subprocess.Popen(command, env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - our own command
            try:
                yield _address(product, Path(output.name))
            finally:
                product.send_signal(signal.SIGINT)
                product.wait(STOP_SECONDS)


def _address(product: "subprocess.Popen[bytes]", output: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and product.poll() is None:
        if found := re.search(r"paperfleet runs: (\S+)", output.read_text()):
            return found[1]
        time.sleep(0.2)
    raise RuntimeError(f"the product did not start: {output.read_text()[-1000:]}")
