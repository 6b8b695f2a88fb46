"""What the real magika package answers, for comparison. Run it with the Python that reference_env.py prints.

    PYTHON models/magika/reference.py FILE...

Prints a JSON list of {path, label, score, dl_label, overwrite_reason, group, mime_type, description, is_text,
extensions}. Each file is asked for alone, as one item of a job is run.
"""

import json
import sys
from pathlib import Path

from magika import Magika


def main(paths: list[str]) -> None:
    magika = Magika()
    answers = []
    for path in paths:
        found = magika.identify_path(Path(path))
        output = found.output
        answers.append(
            {
                "path": path,
                "label": str(output.label),
                "score": found.score,
                "dl_label": str(found.dl.label),
                "overwrite_reason": str(found.prediction.overwrite_reason),
                "group": output.group,
                "mime_type": output.mime_type,
                "description": output.description,
                "is_text": output.is_text,
                "extensions": list(output.extensions),
            }
        )
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
