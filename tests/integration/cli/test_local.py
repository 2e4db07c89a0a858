"""``local`` as a process of its own, as docker-compose.yaml starts it."""

from __future__ import annotations

import subprocess
import sys

from sagemaker_mirror.local.clients import make_client
from sagemaker_mirror.local.demo.datasets import datasets


def test_the_demo_data_is_there_when_the_address_is_printed(tmp_path):
    command = [sys.executable, "-m", "sagemaker_mirror.cli", "local", "--port", "0", "--demo-data", "cellar"]
    process = subprocess.Popen([*command, "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().split()[-1]
        objects = make_client("s3", url).list_objects_v2(Bucket="cellar")["Contents"]
        assert len(objects) == len(list(datasets()))
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
    assert process.returncode == 0
