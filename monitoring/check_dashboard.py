"""Loads the dashboard into the model of Grafana's own SDK, writes it out again, and demands the same JSON.

usage: check_dashboard.py DASHBOARD    (needs PyPI's grafana-foundation-sdk)

A key that the model does not know (a mistyped one, mostly) gets lost on the way: its place is printed.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value


def differences(before, after, place=""):
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in after:
                yield f"{place}/{key} is lost"
            elif key not in before:
                yield f"{place}/{key} is added"
            else:
                yield from differences(before[key], after[key], f"{place}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after)):
            yield from differences(*pair, f"{place}/{number}")
    elif before != after or type(before) is not type(after):
        yield f"{place}: {before!r} becomes {after!r}"


def main(path):
    plugins.register_default_plugins()
    with open(path, encoding="utf-8") as file:
        before = json.load(file)
    after = without_nulls(json.loads(JSONEncoder().encode(Dashboard.from_json(before))))
    found = list(differences(before, after))
    print(*found or [f"{path}: {len(before['panels'])} panels come out as they went in"], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
