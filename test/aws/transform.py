"""Does for moto what CloudFormation does itself: SAM's transform. It reads a template, and leaves out what moto 5.2 cannot make.

transform.py MINT_URL SECRET PARAMETERS, where PARAMETERS is a JSON object. References to what is left out become texts.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "template"))

from stack import Stack  # noqa: E402
from test_create import KINDS  # noqa: E402

url, secret, parameters = sys.argv[1:]
template = Stack(json.loads(parameters), sys.stdin.read()).transformed
for name, resource in list(template["Resources"].items()):
    if resource["Type"] not in KINDS:
        del template["Resources"][name]
        template["Parameters"][name] = {"Type": "String", "Default": secret if name == "ParentSecret" else name}
variables = template["Outputs"]["Variables"]
variables["Value"]["Fn::Sub"][1]["Url"] = url
template["Outputs"] = {"Variables": variables}
del template["Rules"]
json.dump(template, sys.stdout)
