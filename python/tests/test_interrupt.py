"""Ctrl-C stops a check, wherever it is."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

# A shell that runs the tests in the background has its children ignore SIGINT: these do not.
SLOW = """
    import signal, sys, time
    import numpy as np
    import dtheta

    signal.signal(signal.SIGINT, signal.default_int_handler)

    theta = np.ones(100000)
    def f(t):
        {body}
        return float(t @ t)
    print("ready", flush=True)
    try:
        dtheta.check(f, lambda t: 2 * t, theta, threads={threads})
    except KeyboardInterrupt:
        print("stopped", flush=True)
        sys.exit(7)
"""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("body", ["pass", "time.sleep(0.01)", "np.sort(t)"])
def test_ctrl_c(body, threads):
    program = textwrap.dedent(SLOW.format(body=body, threads=threads))
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        assert child.poll() is None, "the check ended before it was interrupted"
        start = time.perf_counter()
        os.kill(child.pid, signal.SIGINT)
        assert child.wait(timeout=30) == 7
        assert child.stdout.read() == "stopped\n"
        assert time.perf_counter() - start < 10
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_other_signals_are_handled_between_evaluations():
    program = textwrap.dedent(
        """
        import os, signal
        import numpy as np
        import dtheta

        class Alarm(Exception):
            pass

        def handler(*_):
            raise Alarm

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            dtheta.check(lambda t: float(t @ t), lambda t: 2 * t, np.ones(300000))
        except Alarm:
            print("alarm")
    """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "alarm\n", done.stderr
