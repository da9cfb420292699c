#!/usr/bin/env python3
"""Takes one archive out of a Firn store without Firn: read_archive.py STORE ARCHIVE-ID > FILE"""
import glob, hashlib, json, os, sys

store, wanted = sys.argv[1:3]
parts, archive = {}, None  # upload id -> {first byte: blob}; what the archive is made of
for path in sorted(glob.glob(os.path.join(store, "journal", "*.jsonl"))):
    for line in open(path, encoding="utf-8"):
        entry = json.loads(line)
        kind, data = entry["kind"], entry["data"]
        if kind == "PartStored":
            parts.setdefault(data["uploadId"], {})[data["startByte"]] = data["blob"]
        elif data.get("archiveId") == wanted and kind == "ArchiveStored":
            archive = [data["blob"]]
        elif data.get("archiveId") == wanted and kind == "UploadCompleted":
            archive = [blob for _, blob in sorted(parts[data["uploadId"]].items())]
if archive is None:
    sys.exit(f"{wanted} is not in the journal of {store}")
for blob in archive:
    name = blob["blobId"]
    if "-" in name:  # in a segment: SEGMENT-OFFSET
        segment, offset = name.split("-")
        source = open(os.path.join(store, "segments", segment + ".tar"), "rb")
        source.seek(int(offset))
    else:  # a file of its own
        source = open(os.path.join(store, "blobs", name[:2], name), "rb")
    left, linear = blob["sizeBytes"], hashlib.sha256()
    while left and (piece := source.read(min(left, 1 << 20))):
        linear.update(piece)
        sys.stdout.buffer.write(piece)
        left -= len(piece)
    if left or linear.hexdigest() != blob["linearHash"]:
        sys.exit(f"blob {name} is damaged")
