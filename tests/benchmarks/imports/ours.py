"""Our import of one file: recognition, damage checks, lint, exact duplicates, staging, one commit.

Run as `ours.py HOME FILE`; prints seconds as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from lorastudio.domain.cancel import CancelToken
from lorastudio.services.import_options import ImportOptions
from lorastudio.services.import_report import ImportFinished
from lorastudio.services.importing import import_files
from lorastudio.store.library import Library


def main(home: str, file: str) -> None:
    with Library.open(Path(home), write=True) as library:
        began_at = time.perf_counter()
        # Near-duplicates have a benchmark of their own.
        options = ImportOptions(near_duplicates=False)
        *_, last = import_files(library, [Path(file)], options=options, cancel=CancelToken())
        elapsed_s = time.perf_counter() - began_at
    assert isinstance(last, ImportFinished)
    (report,) = last.report.files
    print(
        json.dumps(
            {
                "elapsed_s": elapsed_s,
                "cpu_s": time.process_time(),
                "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
                "format": report.format,
                "imported": report.imported,
                "refused": report.refused_rows,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
