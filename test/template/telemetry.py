"""What must hold of the logs, metrics and alarms of every stack: more promises, as in promises.py."""

import json
import re

from promises import promise, version
from stack import ROOT


@promise
def logs_end(stack):
    groups = stack.of("AWS::Logs::LogGroup")
    assert groups.keys() == {"ApiLogs", "MintLogs", "RotateLogs"}
    assert {str(g.get("RetentionInDays")) for g in groups.values()} == {stack.parameters["LogRetentionDays"]}
    for name in ("Mint", "Rotate"):
        logging = stack.resources[f"{name}Function"]["Properties"]["LoggingConfig"]
        # Any higher level would drop lines that have metrics. Lambda's own two lines about each request would cost more than ours.
        quiet = {"SystemLogLevel": "WARN"} if name == "Mint" else {}
        assert logging == {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": f"ref:{name}Logs"} | quiet


def watched_metrics(alarm):
    """Namespace, name, dimensions and statistic of each metric of an alarm, by its id; "" if the alarm has no expression."""

    def key(metric, statistic):
        return metric["Namespace"], metric["MetricName"], {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}, statistic

    if "Metrics" not in alarm:
        return {"": key(alarm, alarm.get("Statistic") or alarm["ExtendedStatistic"])}
    stats = {m["Id"]: m["MetricStat"] for m in alarm["Metrics"] if "MetricStat" in m}
    assert all(m["ReturnData"] is False for m in alarm["Metrics"] if "MetricStat" in m)
    return {name: key(stat["Metric"], stat["Stat"]) for name, stat in stats.items()}


@promise
def deployment_is_taken_back(stack):
    """By faults of the new version alone. What stands at fault otherwise, the old version or Mapbox, must not block a fix."""
    (group,) = stack.of("AWS::CodeDeploy::DeploymentGroup").values()
    kind = stack.parameters["DeploymentType"]
    assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{kind}"
    assert group["AutoRollbackConfiguration"]["Enabled"]
    assert "CodeDeployLambdaAliasUpdate" in stack.resources["MintFunctionAliaslive"]["UpdatePolicy"]
    number = f"Version:of:{version(stack)[0]}"
    if kind == "AllAtOnce":  # the way past all alarms
        assert not group.get("AlarmConfiguration")
    else:
        watched = {a["Name"] for a in group["AlarmConfiguration"]["Alarms"]}
        assert group["AlarmConfiguration"]["Enabled"] and watched == {"ref:VersionDefects", "ref:VersionCrashes"}
    alarms = stack.of("AWS::CloudWatch::Alarm")
    executed = {"FunctionName": "ref:MintFunction", "Resource": "ref:MintFunction:live", "ExecutedVersion": number}
    stage = {"Stage": stack.parameters["Stage"]}
    assert watched_metrics(alarms["VersionDefects"]) == {
        "newest": ("tokenmint", "Errors", stage | {"Version": number}, "Sum"),
        "stage": ("tokenmint", "Errors", stage, "Sum"),
        "traffic": ("AWS/Lambda", "Invocations", executed, "Sum"),
    }
    assert alarms["VersionDefects"]["Metrics"][0]["Expression"] == "IF(traffic > 0 AND newest == stage, newest, 0)"
    assert watched_metrics(alarms["VersionCrashes"]) == {"": ("AWS/Lambda", "Errors", executed, "Sum")}
    for name in ("VersionDefects", "VersionCrashes"):
        # CloudFormation replaces an alarm with another name. An update would keep the state that the old version left.
        assert alarms[name]["AlarmName"] == f"tokenmint-{name}-{number}"
        assert alarms[name]["EvaluationPeriods"] == alarms[name]["Threshold"] == 1
        assert alarms[name]["TreatMissingData"] == "notBreaching"


ALARMS = {
    "MintServerErrors", "MintFailures", "MintCrashes", "VersionDefects", "VersionCrashes", "MintSlow", "MintThrottles", "Denials",
    "BudgetSpent", "CallersThrottled", "ParentUnusable", "ParentOld", "AdditionalOverdue", "RotateErrors", "RotationOverdue", "UndoneWork",
}


@promise
def alarms_reach_somebody(stack):
    topic = [stack.parameters["AlarmTopicArn"]] if stack.parameters["AlarmTopicArn"] else None
    alarms = stack.of("AWS::CloudWatch::Alarm")
    assert alarms.keys() == ALARMS
    assert not stack.of("AWS::CloudWatch::CompositeAlarm")  # one costs as much as five metrics
    for name, alarm in alarms.items():
        assert alarm.get("AlarmActions") == alarm.get("OKActions") == topic
        assert alarm["AlarmDescription"].endswith(f"docs/operations.md#{name.lower()}")
        assert f"\n### {name}\n" in (ROOT / "docs/operations.md").read_text()


@promise
def silence_of_the_rotation_rings(stack):
    """Missing data is the fault, in every one of the hours. Any value will do, and each run writes one before bootstrap too."""
    alarms = stack.of("AWS::CloudWatch::Alarm")
    assert [n for n, a in alarms.items() if a["TreatMissingData"] == "breaching"] == ["RotationOverdue"]
    overdue = alarms["RotationOverdue"]
    assert watched_metrics(overdue) == {"": ("tokenmint", "ParentAge", {"Stage": stack.parameters["Stage"]}, "SampleCount")}
    assert overdue["ComparisonOperator"] == "LessThanThreshold" and overdue["Threshold"] == 1
    assert overdue["Period"] == 3600 and overdue["EvaluationPeriods"] == stack.parameters["RotationAlarmHours"]
    assert "DatapointsToAlarm" not in overdue
    # The schedule's first run comes at once. The alarm must not be there long before it.
    assert stack.resources["RotationOverdue"]["DependsOn"] == "RotateFunctionHeartbeat"
    assert alarms["ParentOld"]["TreatMissingData"] == "ignore"  # while no age is written, RotationOverdue rings


@promise
def additional_tokens_are_watched(stack):
    """The most overdue one decides, in any hour. The alarm ends without data too: nobody writes any after the last token was removed."""
    alarm = stack.of("AWS::CloudWatch::Alarm")["AdditionalOverdue"]
    hours, seconds = alarm["Metrics"]
    metric = seconds["MetricStat"]
    assert hours["Expression"] == "overdue / 3600" and seconds["Id"] == "overdue" and seconds["ReturnData"] is False
    assert metric["Metric"]["MetricName"] == "AdditionalOverdue" and metric["Stat"] == "Maximum"
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == alarm["EvaluationPeriods"] == stack.parameters["RotationAlarmHours"]
    assert alarm.get("DatapointsToAlarm") == 1 and alarm["TreatMissingData"] == "notBreaching"


@promise
def a_new_stack_is_silent(stack):
    """Before bootstrap there is no data but that of heartbeats that wait, and RotationOverdue is about these."""
    for name, alarm in stack.of("AWS::CloudWatch::Alarm").items():
        assert alarm["TreatMissingData"] in ("notBreaching", "ignore") or name == "RotationOverdue", name
        assert "InsufficientDataActions" not in alarm


# What internal/telemetry writes, and the one metric that has the version as a dimension too. test_alarms.py lets each of them appear.
WRITTEN = {"Errors", "Denials", "Throttled", "ParentUnusable", "BudgetSpent", "ParentAge", "AdditionalOverdue"}


@promise
def metrics_are_written_by_somebody(stack):
    """An alarm on a metric that nobody writes stays silent for ever. A metric that nobody watches costs money for nothing."""
    stage = {"Stage": stack.parameters["Stage"]}
    of_version = stage | {"Version": f"Version:of:{version(stack)[0]}"}
    watched = set()
    for alarm in stack.of("AWS::CloudWatch::Alarm").values():
        for namespace, name, dimensions, _ in watched_metrics(alarm).values():
            if namespace == "tokenmint":
                assert dimensions == stage or (name, dimensions) == ("Errors", of_version)
                watched.add(name)
    assert watched == WRITTEN
    page = (ROOT / "docs/operations.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \| (?:mint|rotator) \| ", page, re.M)) == WRITTEN
    assert not stack.of("AWS::Logs::MetricFilter")  # its default value costs money in every hour


@promise
def dashboard_is_asked_for(stack):
    """It costs more than all alarms. It shows no metric that the alarms do not have."""
    on = stack.parameters["CreateDashboard"] == "true"
    assert ("Dashboard" in stack.resources) == ("DashboardUrl" in stack.outputs) == on
    if on:
        body = json.loads(stack.resources["Dashboard"]["Properties"]["DashboardBody"])
        shown = [m for w in body["widgets"] for m in w["properties"].get("metrics", []) if m[0] == "tokenmint"]
        assert shown and all(m[1] in WRITTEN and m[2:4] == ["Stage", stack.parameters["Stage"]] for m in shown)
        (alarms,) = [w["properties"]["alarms"] for w in body["widgets"] if w["type"] == "alarm"]
        assert set(alarms) == {f"arn:of:{name}" for name in ALARMS}


@promise
def an_idle_stack_costs_little(stack):
    """docs/cost.md counts these: twenty metrics of alarms, and nothing else that costs by the month."""
    alarms = stack.of("AWS::CloudWatch::Alarm").values()
    assert sum(len(watched_metrics(a)) for a in alarms) <= 20
    assert ("AWS::CloudWatch::Dashboard" in {r["Type"] for r in stack.resources.values()}) == (stack.parameters["CreateDashboard"] == "true")


QUERIES = {
    "last refusals and failures", "who got the token with this hash", "what did this caller get", "where tokens came from",
    "latency by profile",
}


@promise
def queries_are_saved(stack):
    """Of the mint's log, and with the fields of an audit record alone."""
    queries = stack.of("AWS::Logs::QueryDefinition").values()
    assert {q["Name"] for q in queries} == {f"tokenmint/{name}" for name in QUERIES}
    source = (ROOT / "internal/telemetry/audit.go").read_text()
    fields = set(re.findall(r'slog\.\w+\("(\w+)"', source)) | {"@timestamp", "message"}
    assert len(fields) > 12, "audit.go is not written as this reads it"
    for q in queries:
        assert q["LogGroupNames"] == ["ref:MintLogs"]
        text = re.sub(r'"[^"]*"', "", q["QueryString"])
        words = set(re.findall(r"@?[A-Za-z]\w*", text)) - set(re.findall(r"\bas (\w+)", text))
        words -= {"fields", "filter", "stats", "sort", "limit", "by", "as", "and", "asc", "desc", "count", "sum", "min", "max", "pct"}
        assert words <= fields, words - fields
        assert 'message = "audit"' in q["QueryString"]
