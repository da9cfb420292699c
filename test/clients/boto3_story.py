"""The whole story with boto3, in two acts with a restart of the server between them.

    boto3_story.py store STATE      makes, uploads, retrieves; writes what it did to the file STATE
    boto3_story.py again STATE      downloads the same again, is refused, deletes everything

The server is named by FIRN_TEST_ENDPOINT_URL and by what boto3 itself reads from the environment.
Every check raises; the exit status is 0 only when all of them held.
"""

import csv
import datetime
import hashlib
import io
import json
import os
import re
import sys
import time
import urllib.request

import boto3
import botocore.exceptions
from botocore.config import Config
from botocore.utils import calculate_sha256, calculate_tree_hash

MIB = 1024 * 1024
ENDPOINT = os.environ['FIRN_TEST_ENDPOINT_URL']
ACCOUNT = os.environ['FIRN_TEST_ACCOUNT']
REGION = os.environ['AWS_DEFAULT_REGION']
SETTINGS = {
    'endpoint_url': ENDPOINT,
    'config': Config(retries={'total_max_attempts': 1}),
}

# Size, size of the parts (None: in one request), first byte of the content, description.
PLAN = [
    (1, None, 7, 'one byte'),
    (MIB // 4, None, 11, ''),
    (MIB // 4 + 1, None, 13, 'two  inner spaces'),
    (MIB, None, 17, 'say "so", then \\ stop'),
    (MIB + 1, None, 19, '=1+1'),
    (7 * MIB + 123, None, 23, 'x' * 1024),
    (7 * MIB + 123, MIB, 29, 'eight parts'),
    (7 * MIB + 123, 4 * MIB, 0, 'the vectors'),
]
VECTOR = '3a7bad7d0522d12f5d1269b0177e7064b3dfb9a085868eefe457b88e21af3acb'
TAIL_VECTOR = 'e3c069b4101f901385faf941c7718143190438b4452facf1b1c2865ab437d805'


def check(found, wanted):
    if found != wanted:
        raise AssertionError(f'found {found!r:.500}, wanted {wanted!r:.500}')


def check_match(found, pattern):
    if not re.fullmatch(pattern, found):
        raise AssertionError(f'found {found!r}, wanted it to match {pattern}')


def content(size, start):
    """Byte i is (start + i) mod 251, as everywhere in these tests."""
    period = bytes((start + i) % 251 for i in range(251))
    return (period * (size // 251 + 1))[:size]


def tree_hash(data):
    return calculate_tree_hash(io.BytesIO(data))


def parts_of(data, part_size):
    for start in range(0, len(data), part_size):
        part = data[start:start + part_size]
        yield f'{start}-{start + len(part) - 1}', part


def refusal(call, **arguments):
    """The code and message of the error that a call must raise."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response['Error']['Code'], error.response['Error']['Message']
    raise AssertionError('it was accepted')


def until_completed(job):
    """Loads a job resource until it is completed."""
    deadline = time.monotonic() + 20
    while True:
        job.load()
        if job.completed:
            check(job.status_code, 'Succeeded')
            check(job.status_message, 'Succeeded')
            return job
        if time.monotonic() > deadline:
            raise AssertionError(f'job {job.id} is still {job.status_code}')
        time.sleep(0.02)


class Story:
    def __init__(self, state):
        self.state = state
        self.client = boto3.client('glacier', **SETTINGS)
        self.vault = boto3.resource('glacier', **SETTINGS).Vault(ACCOUNT, state['vault'])

    @property
    def name(self):
        return self.state['vault']

    @property
    def arn(self):
        return f'arn:aws:glacier:{REGION}:{ACCOUNT}:vaults/{self.name}'

    # -- the first act ---------------------------------------------------------------------------

    def make_vault(self):
        created = self.client.create_vault(vaultName=self.name)
        check(created['location'], f'/{ACCOUNT}/vaults/{self.name}')
        check(created['ResponseMetadata']['HTTPStatusCode'], 201)
        self.client.get_waiter('vault_exists').wait(vaultName=self.name)
        self.vault.load()
        check(self.vault.vault_arn, self.arn)
        check((self.vault.number_of_archives, self.vault.size_in_bytes), (0, 0))
        check_match(self.vault.creation_date, r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z')
        names = [vault.name for vault in boto3.resource('glacier', **SETTINGS).vaults.all()]
        check(names, [self.name])

    def upload(self):
        for size, part_size, start, description in PLAN:
            data = content(size, start)
            if part_size is None:
                archive_id = self.upload_whole(data, description)
            else:
                archive_id = self.upload_in_parts(data, part_size, description)
            check(len(archive_id), 138)
            self.state['archives'].append({'id': archive_id, 'plan': [size, start, description]})
        check(tree_hash(content(7 * MIB + 123, 0)), VECTOR)

    def upload_whole(self, data, description):
        """By turns with the resource, from a stream, and with hashes made beforehand."""
        archives = self.state['archives']
        if len(archives) % 3 == 0:
            return self.vault.upload_archive(archiveDescription=description, body=data).id
        arguments = {'vaultName': self.name, 'archiveDescription': description}
        if len(archives) % 3 == 1:
            answer = self.client.upload_archive(body=io.BytesIO(data), **arguments)
        else:
            checksum = tree_hash(data).upper()
            answer = self.client.upload_archive(body=data, checksum=checksum, **arguments)
        check(answer['checksum'], tree_hash(data))
        check(answer['location'], f'/{ACCOUNT}/vaults/{self.name}/archives/{answer["archiveId"]}')
        return answer['archiveId']

    def upload_in_parts(self, data, part_size, description):
        """Is interrupted, finds out from the lists what is missing, and goes on."""
        upload = self.vault.initiate_multipart_upload(
            archiveDescription=description, partSize=str(part_size))
        parts = dict(parts_of(data, part_size))
        for byte_range, part in list(parts.items())[1:]:
            answer = upload.upload_part(range=f'bytes {byte_range}/*', body=part)
            check(answer['checksum'], tree_hash(part))
        (found,) = self.vault.multipart_uploads.all()
        check((found.id, found.part_size_in_bytes), (upload.id, part_size))
        check(found.archive_description, description)
        listed = {part['RangeInBytes']: part['SHA256TreeHash'] for part in found.parts()['Parts']}
        check(listed, {key: tree_hash(part) for key, part in list(parts.items())[1:]})
        for byte_range in parts.keys() - listed.keys():
            found.upload_part(range=f'bytes {byte_range}/*', body=parts[byte_range])
        pages = self.client.get_paginator('list_parts').paginate(
            vaultName=self.name, uploadId=upload.id, PaginationConfig={'PageSize': 3})
        ranges = [part['RangeInBytes'] for page in pages for part in page['Parts']]
        check(ranges, list(parts))
        answer = found.complete(archiveSize=str(len(data)), checksum=tree_hash(data))
        check(answer['checksum'], tree_hash(data))
        check(list(self.vault.multipart_uploads.all()), [])
        return answer['archiveId']

    def compare_inventories(self):
        document = json.loads(self.inventory('JSON'))
        check(document['VaultARN'], self.arn)
        found = [
            (item['ArchiveId'], item['ArchiveDescription'], item['Size'], item['SHA256TreeHash'])
            for item in document['ArchiveList']
        ]
        check(found, [
            (archive['id'], description, size, tree_hash(content(size, start)))
            for archive in self.state['archives']
            for size, start, description in [archive['plan']]
        ])
        text = self.inventory('CSV')
        check((text[-1], '\r' in text), ('\n', False))
        rows = list(csv.reader(io.StringIO(text), doublequote=False, escapechar='\\'))
        check(rows[0], ['ArchiveId', 'ArchiveDescription', 'CreationDate', 'Size', 'SHA256TreeHash'])
        # A backslash is not escaped in the format, so a reader takes it for an escape.
        check([(row[0], row[1], int(row[3]), row[4]) for row in rows[1:]], [
            (item[0], item[1].replace('\\ ', ' '), item[2], item[3]) for item in found
        ])
        for item, row in zip(document['ArchiveList'], rows[1:]):
            check(row[2], item['CreationDate'])
            check_match(row[2], r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ')

    def inventory(self, form):
        answer = self.client.initiate_job(
            vaultName=self.name, jobParameters={'Type': 'inventory-retrieval', 'Format': form})
        job = until_completed(self.vault.Job(answer['jobId']))
        check(job.action, 'InventoryRetrieval')
        output = job.get_output()
        body = output['body'].read()
        check(job.inventory_size_in_bytes, len(body))
        check(output['contentType'], 'text/csv' if form == 'CSV' else 'application/json')
        return body.decode()

    def retrieve(self):
        for archive in self.state['archives']:
            job = self.vault.Archive(archive['id']).initiate_archive_retrieval()
            archive['job'] = job.id
        for archive in self.state['archives']:
            job = until_completed(self.vault.Job(archive['job']))
            size, start, _ = archive['plan']
            check((job.archive_id, job.archive_size_in_bytes), (archive['id'], size))
            check(job.sha256_tree_hash, tree_hash(content(size, start)))
        wanted = [archive['job'] for archive in self.state['archives']]
        check({job.id for job in self.vault.succeeded_jobs.all()} & set(wanted), set(wanted))
        pages = list(self.client.get_paginator('list_jobs').paginate(
            vaultName=self.name, completed='true', PaginationConfig={'PageSize': 4}))
        jobs = [job['JobId'] for page in pages for job in page['JobList']]
        check([job for job in jobs if job in wanted], wanted[::-1])
        check([len(page['JobList']) for page in pages[:2]], [4, 4])

    # -- both acts -------------------------------------------------------------------------------

    def download(self):
        for archive in self.state['archives']:
            size, start, description = archive['plan']
            data = content(size, start)
            output = self.vault.Job(archive['job']).get_output()
            body = output['body'].read()
            check(hashlib.sha256(body).hexdigest(), calculate_sha256(io.BytesIO(data), True))
            check(body == data, True)
            check((output['status'], output['checksum']), (200, tree_hash(body)))
            check(output.get('archiveDescription', ''), description)

    def download_ranges(self):
        archive = self.state['archives'][-1]
        job = self.vault.Job(archive['job'])
        data = content(7 * MIB + 123, 0)
        pieces = []
        for byte_range, part in parts_of(data, 2 * MIB):
            output = job.get_output(range=f'bytes={byte_range}')
            pieces.append(output['body'].read())
            check((output['status'], output['checksum']), (206, tree_hash(part)))
            check(output['contentRange'], f'bytes {byte_range}/{len(data)}')
        check(b''.join(pieces) == data, True)
        unaligned = job.get_output(range=f'bytes={MIB}-{3 * MIB - 1}')
        check(unaligned['body'].read() == data[MIB:3 * MIB], True)
        check(unaligned.get('checksum'), None)
        # What boto 2 does: whole chunks, also past the end.
        past = job.get_output(range=f'bytes={4 * MIB}-{8 * MIB - 1}')
        check((past['body'].read() == data[4 * MIB:], past['checksum']), (True, TAIL_VECTOR))

    def retrieve_range(self):
        archive = self.state['archives'][-1]
        data = content(7 * MIB + 123, 0)
        answer = self.client.initiate_job(vaultName=self.name, jobParameters={
            'Type': 'archive-retrieval', 'ArchiveId': archive['id'], 'Tier': 'Bulk',
            'RetrievalByteRange': f'{4 * MIB}-{len(data) - 1}', 'Description': 'the tail'})
        job = until_completed(self.vault.Job(answer['jobId']))
        check((job.job_description, job.tier), ('the tail', 'Bulk'))
        check((job.sha256_tree_hash, job.archive_sha256_tree_hash), (TAIL_VECTOR, VECTOR))
        output = job.get_output()
        check(output['body'].read() == data[4 * MIB:], True)
        check(output['checksum'], TAIL_VECTOR)

    def fetch_presigned(self):
        """boto3 signs the host only; the version goes along as a header that is not signed."""
        archive = self.state['archives'][-1]
        url = self.client.generate_presigned_url('get_job_output', Params={
            'vaultName': self.name, 'jobId': archive['job']}, ExpiresIn=60)
        headers = {'x-amz-glacier-version': '2012-06-01'}
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            check(answer.headers['x-amz-sha256-tree-hash'], VECTOR)
            check(answer.read() == content(7 * MIB + 123, 0), True)

    # -- the second act --------------------------------------------------------------------------

    def be_refused(self):
        client, name = self.client, self.name
        missing = client.exceptions.ResourceNotFoundException
        try:
            client.describe_vault(vaultName='nosuch')
            raise AssertionError('it was accepted')
        except missing as error:
            check(error.response['Error']['Message'],
                  f'Vault not found for ARN: arn:aws:glacier:{REGION}:{ACCOUNT}:vaults/nosuch')
            check(error.response['Error']['Code'], 'ResourceNotFoundException')
            check(error.response['ResponseMetadata']['HTTPStatusCode'], 404)
        wrong = '0' * 64
        check(refusal(client.upload_archive, vaultName=name, body=b'hello', checksum=wrong), (
            'InvalidParameterValueException',
            f'Checksum mismatch: expected {wrong}, computed {tree_hash(b"hello")}'))
        check(refusal(client.upload_archive, vaultName=name, body=b''), (
            'InvalidParameterValueException', 'Invalid Content-Length: 0'))
        check(refusal(client.initiate_multipart_upload, vaultName=name, partSize='5')[0],
              'InvalidParameterValueException')
        check(refusal(client.initiate_job, vaultName=name, jobParameters={}), (
            'MissingParameterValueException', 'Required parameter missing: type'))
        check(refusal(client.initiate_job, vaultName=name), (
            'MissingParameterValueException', 'Required parameter missing: type'))
        check(refusal(client.list_jobs, vaultName=name, statuscode='Done'), (
            'InvalidParameterValueException', 'The job status code is not valid: Done'))
        check(refusal(client.describe_vault, accountId='999999999999', vaultName=name), (
            'AccessDeniedException', 'Access denied for account ID: 999999999999'))
        check(refusal(client.delete_vault, vaultName=name), (
            'InvalidParameterValueException',
            f'Vault not empty or recently written to: {self.arn}'))
        stranger = boto3.client('glacier', aws_secret_access_key='not-the-secret', aws_access_key_id=(
            os.environ['AWS_ACCESS_KEY_ID']), **SETTINGS)
        check(refusal(stranger.list_vaults)[0], 'InvalidSignatureException')
        nobody = boto3.client('glacier', aws_access_key_id='AKIANOBODY',
                              aws_secret_access_key='not-the-secret', **SETTINGS)
        check(refusal(nobody.list_vaults)[0], 'UnrecognizedClientException')

    def delete_everything(self):
        for archive in self.state['archives']:
            self.vault.Archive(archive['id']).delete()
        first = self.state['archives'][0]
        check(refusal(self.vault.Archive(first['id']).initiate_archive_retrieval), (
            'ResourceNotFoundException', f'The archive ID was not found: {first["id"]}'))
        check(json.loads(self.inventory('JSON'))['ArchiveList'], [])
        self.vault.delete()
        self.client.get_waiter('vault_not_exists').wait(vaultName=self.name)
        check(list(boto3.resource('glacier', **SETTINGS).vaults.all()), [])

    def page_through_vaults(self):
        names = [f'paged-{number:02}' for number in range(12)]
        for name in names:
            self.client.create_vault(vaultName=name)
        pages = list(self.client.get_paginator('list_vaults').paginate())
        check([vault['VaultName'] for page in pages for vault in page['VaultList']], names)
        check([len(page['VaultList']) for page in pages], [10, 2])
        for name in names:
            self.client.delete_vault(vaultName=name)


def main():
    act, path = sys.argv[1:]
    if act == 'store':
        story = Story({'vault': f'boto-{time.time_ns()}', 'archives': []})
        steps = [story.make_vault, story.upload, story.compare_inventories, story.retrieve,
                 story.download, story.download_ranges, story.retrieve_range]
    else:
        with open(path, encoding='utf-8') as file:
            story = Story(json.load(file))
        steps = [story.download, story.download_ranges, story.fetch_presigned,
                 story.compare_inventories, story.be_refused, story.delete_everything,
                 story.page_through_vaults]
    for step in steps:
        begun = datetime.datetime.now()
        step()
        print(f'{step.__name__}: {datetime.datetime.now() - begun}', flush=True)
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(story.state, file)


main()
