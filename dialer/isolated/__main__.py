"""`python -m dialer.isolated FUNCTION MEMORY_MB CPU_S`: run one task under its limits. Started by `runner.run_isolated` only."""

import asyncio
import importlib
import json
import os
import sys
from typing import Any

from dialer.isolated.limits import Limits
from dialer.isolated.parent import end_with_parent
from dialer.isolated.runner import MEMORY_STATUS, TaskError
from dialer.isolated.tasks import TASKS
from dialer.services.actor import ForbiddenError
from dialer.settings import read_settings


def main(function: str, limits: Limits) -> int:
    """Read the request, run the task, write the reply; return the exit status."""
    task = TASKS[function]
    limits.apply()
    end_with_parent()
    # Libraries may print; only the reply may reach the parent's pipe.
    reply_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    request = task.request.model_validate_json(sys.stdin.buffer.read())
    module, _, name = task.function.partition(":")
    try:
        answer: dict[str, Any] = {
            "reply": asyncio.run(getattr(importlib.import_module(module), name)(read_settings(), request))
        }
    except (TaskError, ForbiddenError) as error:
        answer = {"error": str(error)}
    except MemoryError:
        return MEMORY_STATUS
    with reply_to:
        reply_to.write(json.dumps(answer, ensure_ascii=False).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Limits(int(sys.argv[2]), int(sys.argv[3]))))
