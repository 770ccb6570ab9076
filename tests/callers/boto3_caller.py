"""Prints who STS says we are, with credentials of the profile named on the command line, obtained as any boto3
program obtains them.

usage: boto3_caller.py PROFILE [--times N] [--pause SECONDS]

With --times the call is made N times by one session, SECONDS apart. Prints one JSON object: Arn, Account, calls (how
often STS was asked) and processRuns (how often botocore ran the credential_process).
"""

import argparse
import json
import sys
import time

import boto3
import botocore.credentials
import botocore.exceptions

runs = 0
retrieve = botocore.credentials.ProcessProvider._retrieve_credentials_using


def counted(self, command):
    global runs
    runs += 1
    return retrieve(self, command)


botocore.credentials.ProcessProvider._retrieve_credentials_using = counted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("profile")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0)
    given = parser.parse_args()
    try:
        sts = boto3.Session(profile_name=given.profile).client("sts")
        for call in range(given.times):
            if call:
                time.sleep(given.pause)
            who = sts.get_caller_identity()
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(json.dumps({"Arn": who["Arn"], "Account": who["Account"], "calls": given.times, "processRuns": runs}))


main()
