"""Operations on buckets."""

from aiohttp import web

from tooling.thirdparty.object_store import cors, listing, xml
from tooling.thirdparty.object_store.call import Call
from tooling.thirdparty.object_store.errors import S3Error


async def list_buckets(call: Call) -> web.StreamResponse:
    """ListBuckets."""
    if call.wire.method != "GET":
        raise S3Error("MethodNotAllowed")
    found: list[tuple[str, xml.Node]] = [
        ("Bucket", [("Name", name), ("CreationDate", xml.timestamp(created))])
        for name, created in call.disk.buckets()
    ]
    return call.answer_xml("ListAllMyBucketsResult", [("Owner", [("ID", "heidi")]), ("Buckets", found)])


async def create(call: Call) -> web.StreamResponse:
    """CreateBucket."""
    call.disk.create_bucket(call.bucket)
    return call.answer(headers={"Location": f"/{call.bucket}"})


async def head(call: Call) -> web.StreamResponse:
    """HeadBucket."""
    call.disk.bucket(call.bucket)
    return call.answer()


async def delete(call: Call) -> web.StreamResponse:
    """DeleteBucket, of an empty one."""
    call.disk.delete_bucket(call.bucket)
    return call.answer(204)


async def location(call: Call) -> web.StreamResponse:
    """GetBucketLocation."""
    call.disk.bucket(call.bucket)
    return call.answer_xml("LocationConstraint", [])


async def list_objects(call: Call) -> web.StreamResponse:
    """ListObjectsV2."""
    if call.query["list-type"] != "2":
        raise S3Error("InvalidArgument")
    return call.answer_bytes(listing.list_objects(call.disk, call.bucket, call.query))


async def list_v1_is_not_here(_call: Call) -> web.StreamResponse:
    """ListObjects, which AWS keeps for old clients only."""
    raise S3Error("NotImplemented", "Use ListObjectsV2 (list-type=2).")


async def get_cors(call: Call) -> web.StreamResponse:
    """GetBucketCors."""
    return call.answer_bytes(cors.load(call.disk, call.bucket))


async def put_cors(call: Call) -> web.StreamResponse:
    """PutBucketCors."""
    cors.save(call.disk, call.bucket, await call.document())
    return call.answer()
