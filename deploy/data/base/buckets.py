# ruff: noqa: INP001 (a script in a ConfigMap)
"""Make the bucket for backups: what is deleted or overwritten in it can be had back for 30 days. Repeatable."""

import os

from boto3.session import Session
from botocore.client import BaseClient

KEPT = {
    "ID": "kept",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}


def make(client: BaseClient, bucket: str, region: str) -> None:
    """Make it if it is not there, and say how long old versions stay."""
    if bucket not in {found["Name"] for found in client.list_buckets()["Buckets"]}:
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        client.create_bucket(Bucket=bucket, **place)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [KEPT]})


if __name__ == "__main__":
    region = os.environ["REGION"]
    make(
        Session().client(
            "s3",
            endpoint_url=os.environ["ENDPOINT"],
            region_name=region,
            aws_access_key_id=os.environ["ACCESS_KEY_ID"],
            aws_secret_access_key=os.environ["SECRET_ACCESS_KEY"],
        ),
        os.environ["BUCKET"],
        region,
    )
