"""CloudWatch Logs Insights, as far as the saved queries of template.yaml need it.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import math
import re

STATISTICS = {
    "sum": sum,
    "min": min,
    "max": max,
    "pct": lambda values, percent: sorted(values)[math.ceil(percent / 100 * len(values)) - 1],
}


def holds(condition, line):
    """Whether a line meets a condition: comparisons with "and" between them."""
    for part in condition.split(" and "):
        name, operator, text = re.fullmatch(r"(\S+) (=|>=) (.+)", part).groups()
        value = line.get(name)
        wanted = text.strip('"') if text.startswith('"') else float(text)
        if value is None or not (value == wanted if operator == "=" else value >= wanted):
            return False
    return True


def aggregate(text, lines):
    """The value of one aggregate, such as pct(tookMs, 99). None where no line has the field."""
    name, arguments = re.fullmatch(r"(\w+)\((.+)\)", text).groups()
    if (name, arguments) == ("count", "*"):
        return len(lines)
    field, *more = arguments.split(", ")
    values = [line[field] for line in lines if field in line]
    return STATISTICS[name](values, *map(float, more)) if values else None


def stats(text, lines):
    aggregates, keys = text.split(" by ")
    groups = {}
    for line in lines:
        groups.setdefault(tuple(line.get(key) for key in keys.split(", ")), []).append(line)
    return [
        dict(zip(keys.split(", "), group)) | {
            name: aggregate(value, members) for value, name in re.findall(r"(\w+\([^)]+\)) as (\w+)", aggregates)
        }
        for group, members in groups.items()
    ]


def run(query, lines):
    """The rows of a query. lines are objects of JSON, with @timestamp."""
    for command in re.split(r"\n\| |\n", query.strip()):
        verb, text = command.split(" ", 1)
        if verb == "filter":
            lines = [line for line in lines if holds(text, line)]
        elif verb == "stats":
            lines = stats(text, lines)
        elif verb == "fields":
            shown = text.split(", ")
        elif verb == "sort":
            field, order = text.split(" ")
            lines = sorted(lines, key=lambda line: line[field], reverse=order == "desc")
        elif verb == "limit":
            lines = lines[: int(text)]
        else:
            raise ValueError(f"unknown command {verb}")
    return [{name: line.get(name) for name in shown} for line in lines] if "fields " in query else lines
