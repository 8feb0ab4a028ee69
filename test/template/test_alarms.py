"""Each alarm of the transformed template rings through the events that it is for, and through no others.

test/alarms plays the events with the real handlers. Their metrics are read from the lines that they log. What AWS counts itself is modelled
there.
"""

import functools
import json
import re
import subprocess

import pytest
from cloudwatch import Alarm, embedded
from guards import without
from stack import ROOT, Stack, text
from telemetry import ALARMS, WRITTEN


@functools.cache
def alarms(template=None):
    """By name, with the words of test/alarms for what AWS names: functions, the API, the queue, and the newest version, 2."""
    made = json.dumps(Stack(template=template).of("AWS::CloudWatch::Alarm"))
    made = re.sub(r"Version:of:MintFunctionVersion\w+", "2", made)
    return {name: Alarm(a) for name, a in json.loads(re.sub(r"ref:|QueueName:of:", "", made)).items()}


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """The scenarios by name. Each has what CloudWatch gets."""
    out = tmp_path_factory.mktemp("alarms") / "played.json"
    command = ["go", "test", "-count=1", "./test/alarms", f"-alarms.out={out}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    scenarios = {s["name"]: s for s in json.loads(out.read_text())}
    for s in scenarios.values():
        s["data"] = [d for line in s["lines"] if line for d in embedded(line)]
        s["data"] += [(c["namespace"], c["name"], c["dimensions"], c["value"], c["at"]) for c in s["counts"]]
    return scenarios


def ringing(scenario, template=None):
    return {name for name, a in alarms(template).items() if a.rings(scenario["data"], scenario["start"], scenario["end"])}


def test_alarms_ring_for_their_events_alone(played):
    got = {name: sorted(ringing(s)) for name, s in played.items()}
    assert got == {name: sorted(s["rings"]) for name, s in played.items()}


def test_every_alarm_rings_once(played):
    assert {name for s in played.values() for name in s["rings"]} == ALARMS


# What keeps an alarm quiet, or lets it ring: (scenario, guard in the template, what stands instead).
GUARDS = [
    ("Mapbox is down while a fix is deployed", "traffic > 0 AND newest == stage, newest", "traffic > 0, newest"),
    ("the secret holds no token", "traffic > 0 AND newest == stage, newest", "newest == stage, newest"),
    ("a new stack before bootstrap", "      MetricName: ParentAge\n", "      MetricName: Age\n"),
    ("the schedule is gone", "      TreatMissingData: breaching\n", "      TreatMissingData: notBreaching\n"),
    ("the parent may grow older than the alarm", "MetricName: ParentAge, Dimensions", "MetricName: Age, Dimensions"),
    ("an additional token cannot be created", "Expression: overdue / 3600", "Expression: overdue / 86400"),
    ("callers are refused", "      MetricName: Denials\n", "      MetricName: Refusals\n"),
]


@pytest.mark.parametrize(("scenario", "guard", "instead"), GUARDS)
def test_alarms_break_without_their_guard(played, scenario, guard, instead):
    s = played[scenario]
    assert ringing(s) == set(s["rings"])
    assert ringing(s, without(text(), guard, instead)) != set(s["rings"])


def test_exactly_these_metrics_are_written(played):
    """By the stage, and errors by the version too."""
    written = {(name, *dimensions) for s in played.values() for namespace, name, dimensions, *_ in s["data"] if namespace == "tokenmint"}
    assert written == {(name, "Stage") for name in WRITTEN} | {("Errors", "Stage", "Version")}


def test_denials_of_strangers_have_no_metric(played):
    data = played["strangers are refused on the public route"]["data"]
    assert {name for namespace, name, *_ in data if namespace == "tokenmint"} == {"ParentAge"}
