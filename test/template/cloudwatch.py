"""CloudWatch, as far as the alarms of template.yaml need it: embedded metrics, metric math, and when an alarm rings.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation
"""

import json
import math
import re

COMPARE = {
    "GreaterThanThreshold": lambda value, limit: value > limit,
    "GreaterThanOrEqualToThreshold": lambda value, limit: value >= limit,
    "LessThanThreshold": lambda value, limit: value < limit,
}


def embedded(line):
    """The (namespace, name, dimensions, value, milliseconds) that CloudWatch reads from a line of a log."""
    members = json.loads(line)
    header = members.get("_aws", {"CloudWatchMetrics": []})
    for directive in header["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: members[name] for name in names}
            for metric in directive["Metrics"]:
                yield directive["Namespace"], metric["Name"], dimensions, members[metric["Name"]], header["Timestamp"]


def statistic(name, values):
    if name.startswith("p"):
        return sorted(values)[math.ceil(float(name[1:]) / 100 * len(values)) - 1]
    return {"Sum": sum, "Maximum": max, "SampleCount": len}[name](values)


def calculate(expression, values):
    """Metric math, of what the template uses. None without a value for each name, and where CloudWatch has none."""
    names = set(re.findall(r"\b[a-z]\w*", expression))
    if not names <= values.keys():
        return None
    python = re.sub(r"^IF\((.+), (.+), (.+)\)$", r"(\2) if (\1) else (\3)", expression).replace(" AND ", " and ")
    try:
        return eval(python, {"__builtins__": {}}, values)  # an expression of our own template
    except ZeroDivisionError:
        return None


class Alarm:
    def __init__(self, properties):
        self.properties = properties
        # Alarms with an expression have their metrics in a list, and others in their properties.
        self.stats = {m["Id"]: m["MetricStat"] for m in properties.get("Metrics", []) if "MetricStat" in m}
        (self.expression,) = [m["Expression"] for m in properties.get("Metrics", []) if "Expression" in m] or ["only"]
        if not self.stats:
            self.stats = {"only": {
                "Metric": properties, "Period": properties["Period"],
                "Stat": properties.get("Statistic") or properties["ExtendedStatistic"],
            }}
        ((self.period,),) = [{stat["Period"] for stat in self.stats.values()}]

    def selects(self, stat, namespace, name, dimensions):
        metric = stat["Metric"]
        wanted = {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}
        return (metric["Namespace"], metric["MetricName"], wanted) == (namespace, name, dimensions)

    def points(self, data, start, end):
        """The value of each whole period, None where there is none."""
        count = int((end - start) / 1000 / self.period)
        series = {name: [[] for _ in range(count)] for name in self.stats}
        for namespace, name, dimensions, value, at in data:
            period = int((at - start) // 1000 // self.period)
            for key, stat in self.stats.items():
                if 0 <= period < count and self.selects(stat, namespace, name, dimensions):
                    series[key][period].append(value)
        return [
            calculate(self.expression, {k: statistic(self.stats[k]["Stat"], v[i]) for k, v in series.items() if v[i]})
            for i in range(count)
        ]

    def rings(self, data, start, end):
        """Whether the alarm is ever in alarm. It is judged once its window is whole: the time before is not known."""
        points, window = self.points(data, start, end), int(self.properties["EvaluationPeriods"])
        needed = int(self.properties.get("DatapointsToAlarm", window))
        return any(self.breaches(points[i : i + window]) >= needed for i in range(len(points) - window + 1))

    def breaches(self, points):
        limit, missing = float(self.properties["Threshold"]), self.properties["TreatMissingData"] == "breaching"
        compare = COMPARE[self.properties["ComparisonOperator"]]
        return sum(missing if p is None else compare(p, limit) for p in points)
