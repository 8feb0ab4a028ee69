"""What the tests of deploy/terraform and deploy/cdk ask about the template: python deployers.py samples | version TEMPLATE.

samples: for each parameter a value that the template takes, and pairs of a parameter and a value that it refuses.
version: the version of the mint that a stack of TEMPLATE with the parameters of standard input has. All must be ones that it takes.
"""

import json
import os
import sys

import yaml

from combinations import COMBINATIONS, REFUSED
from stack import REGION, ROOT, Stack


def samples():
    values = {}
    for combination in COMBINATIONS.values():
        values.update(combination)
    declared = yaml.load((ROOT / "template.yaml").read_text().split("\nRules:")[0], yaml.SafeLoader)["Parameters"]
    return {"taken": {name: values.get(name, str(d["Default"])) for name, d in declared.items()}, "refused": REFUSED}


def version(template):
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    with open(template, encoding="utf-8") as file:
        made = Stack(json.load(sys.stdin), file.read())
    ((name, properties),) = made.of("AWS::Lambda::Version").items()
    return [name, properties["Description"]]


print(json.dumps({"samples": samples, "version": version}[sys.argv[1]](*sys.argv[2:])))
