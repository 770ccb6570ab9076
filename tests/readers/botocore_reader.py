"""Reads config files with botocore's own reader: a JSON list of texts in, a JSON list of what it sees out."""

import json
import sys
import tempfile

from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError


def read(text):
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        try:
            return load_config(file.name)["profiles"]
        except ConfigParseError:
            return None
        except Exception as error:  # what it does not expect itself
            return "%s: %s" % (type(error).__name__, error)


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
