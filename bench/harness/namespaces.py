"""Network namespaces that end with their holder, and the programs that run in them."""

import contextlib
import os
import subprocess
import time


class Trouble(Exception):
    """What was being done, what failed, and how to mend it; one line for people."""


def wait_until(what, condition, seconds=5.0):
    """Polls: nothing of what is waited for here tells of itself."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Trouble(f"in vain waited {seconds:g} s for {what}")
        time.sleep(0.005)


def on_cpus(cpus):
    """For preexec_fn: the program runs on these processors."""
    return (lambda: os.sched_setaffinity(0, cpus)) if cpus else None


def run(*words, cpus=None, seconds=30.0):
    """What the program printed; it must succeed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False,
                              stdin=subprocess.DEVNULL, preexec_fn=on_cpus(cpus))
    except subprocess.TimeoutExpired as error:
        raise Trouble(f"`{' '.join(words)}` did not end within {seconds:g} s") from error
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).strip()
        raise Trouble(f"`{' '.join(words)}` failed: {complaint or done.returncode}")
    return done.stdout


class Program:
    """A program that runs until it is stopped."""

    def __init__(self, words, cpus=None, log=None, environment=None):
        self.words = words
        self.log = log
        self._output = open(log, "wb") if log else subprocess.PIPE
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT,
            preexec_fn=on_cpus(cpus), env={**os.environ, **(environment or {})})

    @property
    def pid(self):
        return self.process.pid

    def proc(self, name):
        with open(f"/proc/{self.pid}/{name}", encoding="ascii") as file:
            return file.read()

    def must_live(self):
        if self.process.poll() is not None:
            said = open(self.log, encoding="utf-8", errors="replace").read() if self.log else ""
            raise Trouble(f"`{' '.join(self.words)}` ended: {said.strip()[-300:]}")

    def finish(self, seconds):
        """What it printed by its own end."""
        try:
            output, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            self.stop()
            raise Trouble(f"`{' '.join(self.words)}` did not end within {seconds:g} s") from error
        return (output or b"").decode()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self._output if self.log else None):
            if stream:
                stream.close()


class Namespace:
    """A network namespace of its own. Its holder reads a pipe of ours and so ends with us."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)
        ours = os.readlink("/proc/self/ns/net")
        wait_until("a network namespace", lambda: self._link() not in ("", ours))
        self.run("ip", "link", "set", "lo", "up")
        # Nothing speaks unasked: IPv6 would, on every new link.
        self.run("sh", "-c", "for i in all default; do f=/proc/sys/net/ipv6/conf/$i/disable_ipv6; "
                 "[ ! -e $f ] || echo 1 >$f; done")

    def _link(self):
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{self.holder.pid}/ns/net")
        return ""

    def words(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *words]

    def run(self, *words, cpus=None, seconds=30.0):
        return run(*self.words(*words), cpus=cpus, seconds=seconds)

    def start(self, *words, cpus=None, log=None):
        return Program(self.words(*words), cpus, log)

    def net_file(self, name):
        with open(f"/proc/{self.holder.pid}/net/{name}", encoding="ascii") as file:
            return file.read()

    def has_device(self, name):
        return any(line.strip().startswith(name + ":") for line in self.net_file("dev").splitlines())

    def end(self):
        self.holder.stdin.close()
        self.holder.wait()
