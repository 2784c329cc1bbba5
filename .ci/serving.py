"""Starts a server of this package for a check, and stops it. Used by the check-* scripts beside this file."""
import contextlib, os, resource, signal, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.environ.get("BIN") or os.path.join(ROOT, ".build", "release")


class Server:
    """A running echo server, and the process that wraps it, if there is one."""

    def __init__(self, prefix, environment):
        self.words = None
        command = prefix + [os.path.join(BIN, "echo-server"), "--port", "0"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.kill()
            sys.exit(f"the server did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        self.pid = int(open(children).read().split()[0]) if "strace" in prefix[:1] else self.process.pid

    def stop(self, number=signal.SIGTERM):
        """Sends it a signal and waits for its end; returns its last words. A second time, only those."""
        if self.words is None:
            os.kill(self.pid, number)
            self.words, _ = self.process.communicate(timeout=120)
            if self.process.returncode != 0:
                sys.exit(f"the server ended with {self.process.returncode}")
        return self.words


@contextlib.contextmanager
def serving(prefix=(), environment=None):
    """Runs an echo server behind a prefix of words such as `strace …`."""
    server = Server(list(prefix), environment or {})
    try:
        yield server
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def load(server, connections, messages, size=64, in_flight=1):
    """Has c-load exchange messages; it checks every byte."""
    arguments = [server.port, connections, size, in_flight, messages]
    subprocess.run([os.path.join(BIN, "c-load"), *map(str, arguments)], check=True, timeout=300,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def raise_descriptor_limit(wanted):
    """Lets this process and its children have so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(f"{wanted} descriptors are needed, and the limit is {hard}: raise it with prlimit or ulimit -n")
    if soft == resource.RLIM_INFINITY or soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def verdict(name, problems):
    """Prints what is wrong, or that nothing is, and ends the script."""
    for problem in problems:
        print(f"{name}: FAILED: {problem}")
    if not problems:
        print(f"{name}: passed")
    sys.exit(1 if problems else 0)
