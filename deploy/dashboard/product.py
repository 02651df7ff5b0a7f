"""The whole product, started for somebody to look at and ended afterwards."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.local.ports import free_port

START_SECONDS = 120
STOP_SECONDS = 60
PROGRAM = str(Path(sys.executable).with_name("paperfleet"))
_READY = re.compile(r"paperfleet runs: (\S+)")
_LISTENS = re.compile(r"(event=api_listening)")


class Product(NamedTuple):
    """Its address, and the variables with which commands reach it."""

    url: str
    environment: Mapping[str, str]


@contextmanager
def started(speed: float, settings: Mapping[str, str], workers: int = 1) -> Iterator[Product]:
    """`paperfleet up` on a simulated market at so many times its speed, in a folder of its own.

    Raises RuntimeError when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="paperfleet-product-") as data:
        command = [PROGRAM, "up", "--data", data, "--speed", str(speed), "--workers", str(workers)]
        with (Path(data) / "output").open("w+") as output:
            product = subprocess.Popen(command, env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - our own command
            try:
                url = _told(product, Path(output.name), _READY)
                yield Product(url, _variables(Path(data) / "settings.env"))
            finally:
                product.send_signal(signal.SIGINT)
                product.wait(STOP_SECONDS)


@contextmanager
def behind_login(product: Product, name: str, password: str) -> Iterator[str]:
    """Another API on the same fleet, where everybody signs in, and an admin who can; its address."""
    port = str(free_port())
    environment = {**product.environment, "PAPERFLEET_LOGIN": "required", "PAPERFLEET_API_PORT": port}
    make = [PROGRAM, "user", "create", name, "--admin", "--password-stdin"]
    subprocess.run(make, env=environment, input=password, text=True, capture_output=True, check=True)  # noqa: S603 - our own command
    with tempfile.NamedTemporaryFile("w+") as output:
        api = subprocess.Popen([PROGRAM, "api"], env=environment, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - our own command
        try:
            _told(api, Path(output.name), _LISTENS)
            yield f"http://127.0.0.1:{port}"
        finally:
            api.terminate()
            api.wait(STOP_SECONDS)


def _variables(path: Path) -> dict[str, str]:
    """This environment and the variables that a shell would have of the file."""
    lines = (shlex.split(line) for line in path.read_text().splitlines())
    return {**os.environ, **dict(words[1].split("=", 1) for words in lines)}


def _told(process: "subprocess.Popen[bytes]", output: Path, pattern: "re.Pattern[str]") -> str:
    """What the process says of itself, as soon as it does. Raises RuntimeError when it ends or keeps silent."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if found := pattern.search(output.read_text()):
            return found[1]
        time.sleep(0.2)
    raise RuntimeError(f"the product did not start: {output.read_text()[-1000:]}")
