"""template.yaml, transformed as AWS would, for each combination of parameters that changes what is made."""

import functools
import json
import re

import cfnlint.api
import guards
import pytest
from combinations import COMBINATIONS, DOMAIN, JWT, REFUSED
from promises import PROMISES
from stack import REGION, ROOT, Stack, text

NAMES = {p.__name__: p for p in PROMISES}


@functools.cache
def stack(combination):
    return Stack(COMBINATIONS[combination])


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_transforms_and_lints(combination):
    made = stack(combination)
    assert not made.broken_rules()
    with_values = json.loads(json.dumps(made.transformed))
    for name, value in made.parameters.items():
        declared = with_values["Parameters"][name]
        declared["Default"] = int(value) if declared["Type"] == "Number" else value
    found = cfnlint.api.lint(json.dumps(with_values), regions=[REGION])
    # SAM writes the deployment's type out, so that the parameter is left over.
    leftover = "Parameter DeploymentType not used."
    assert not [f"{m.rule.id} {m.message} at {m.path}" for m in found if (m.rule.id, m.message) != ("W2001", leftover)]


@pytest.mark.parametrize("combination", COMBINATIONS)
@pytest.mark.parametrize("promise", NAMES)
def test_promise(promise, combination):
    NAMES[promise](stack(combination))


@pytest.mark.parametrize(("promise", "combination", "guard", "instead"), guards.GUARDS)
def test_promise_breaks_without_its_guard(promise, combination, guard, instead):
    broken = Stack(COMBINATIONS[combination], guards.without(text(), guard, instead))
    with pytest.raises(AssertionError):
        NAMES[promise](broken)


def test_every_promise_has_a_guard():
    assert {promise for promise, *_ in guards.GUARDS} == NAMES.keys()


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_refuses(name, value):
    with pytest.raises(ValueError, match=name):
        Stack({name: value})


@pytest.mark.parametrize("half", [{k: v} for k, v in (JWT | DOMAIN).items()], ids=lambda h: next(iter(h)))
def test_refuses_half_of_a_pair(half):
    (rule,) = Stack(half).broken_rules()
    assert next(iter(half)) in rule


def test_deploy_page_lists_every_parameter():
    page = (ROOT / "docs/deploy.md").read_text().partition("\n## Parameters\n")[2].partition("\n### ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]+)` )?\| ", page, re.M)) == Stack().parameters
