"""The transform asks the environment for a region. Nothing here reaches AWS; the credentials keep boto3 from looking for any."""

import os

from stack import REGION

os.environ.update(AWS_DEFAULT_REGION=REGION, AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")
