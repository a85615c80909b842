"""Memory and CPU limits of a child process, set by the kernel (setrlimit)."""

import resource
from dataclasses import dataclass

MB = 1024**2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child process may use, at most.

    `memory_mb` limits the address space, so an allocation beyond it raises MemoryError in the child instead of waking
    the kernel's OOM killer, which might choose PostgreSQL. `cpu_s` ends a child that computes for ever.
    """

    memory_mb: int
    cpu_s: int

    def apply(self) -> None:
        """Limit this process and what it starts. It cannot be undone."""
        for what, most in ((resource.RLIMIT_AS, self.memory_mb * MB), (resource.RLIMIT_CPU, self.cpu_s)):
            _, hard = resource.getrlimit(what)
            allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (allowed, allowed))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold leads
