"""An outbound campaign dialer."""

import os
import sys

# In the wheel, `workers` and `migrations` lie in here: at the top of site-packages their names could be anybody's.
_bundled = os.path.join(os.path.dirname(__file__), "_bundled")  # noqa: PTH118, PTH120  # pathlib would be loaded for it
if os.path.isdir(_bundled):  # noqa: PTH112
    sys.path.insert(0, _bundled)
