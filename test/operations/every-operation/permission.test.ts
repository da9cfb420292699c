/**
 * Who may do what, for every operation: identity policies, the vault's access policy, the root, and
 * callers of another account (wire page, sections 1.2, 1.10, 6.1 and 6.3).
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { OperationName } from '../../../src/api/operations.ts';
import { Admin, clientFor, type FreshUser } from '../../support/admin.ts';
import { checkError, checkNoVault } from '../../support/check.ts';
import { type Client, uniqueName } from '../../support/client.ts';
import type { Reply } from '../../support/http.ts';
import { useServer } from '../../support/use-server.ts';
import {
  type GoodRequest,
  goodRequest,
  namesVault,
  needVault,
  operationNames,
  rowOf,
  type SendOptions,
} from './requests.ts';

const firn = useServer();

/** The account in their path must be the caller's (wire page, section 1.2). */
const ownAccountOnly: ReadonlySet<OperationName> = new Set([
  'CreateVault',
  'ListVaults',
  'AddTagsToVault',
  'ListTagsForVault',
  'RemoveTagsFromVault',
  'InitiateVaultLock',
  'CompleteVaultLock',
  'AbortVaultLock',
  'GetVaultLock',
  'SetDataRetrievalPolicy',
  'GetDataRetrievalPolicy',
  'PurchaseProvisionedCapacity',
  'ListProvisionedCapacity',
]);

/** The vault's policies have a say in all that names a vault, but for making it (section 6.3). */
const governed = operationNames.filter((name) => namesVault(name) && name !== 'CreateVault');
const notGoverned = operationNames.filter((name) => !governed.includes(name));
const acrossAccounts = operationNames.filter((name) => !ownAccountOnly.has(name));

type Effect = 'Allow' | 'Deny';

function identityPolicy(effect: Effect, action: string | readonly string[], resource = '*') {
  const statement = { Effect: effect, Action: action, Resource: resource };
  return { Version: '2012-10-17', Statement: [statement] };
}

/** Sets the access policy of the request's vault: one statement about its own action. */
async function setVaultPolicy(
  { name, root, vault }: Pick<GoodRequest, 'name' | 'root' | 'vault'>,
  effect: Effect,
  principal: string,
  action = `glacier:${name}`,
): Promise<void> {
  const whom = principal === '*' ? '*' : { AWS: principal };
  const statement = { Effect: effect, Principal: whom, Action: action, Resource: root.arn(vault) };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const body = JSON.stringify({ Policy: policy });
  await root.expect(204, 'PUT', `/-/vaults/${vault}/access-policy`, { body });
}

const endings = {
  'no identity policy': (action: string) =>
    ` because no identity-based policy allows the ${action} action`,
  'no vault policy': (action: string) =>
    ` because no resource-based policy allows the ${action} action`,
  'identity deny': () => ' with an explicit deny in an identity-based policy',
  'vault deny': () => ' with an explicit deny in a resource-based policy',
} as const;

/** @param why what the refusal says after naming user, action and resource */
function checkDenied(
  reply: Reply,
  principalArn: string,
  { name, resourceArn }: Pick<GoodRequest, 'name' | 'resourceArn'>,
  why: keyof typeof endings,
): void {
  const action = `glacier:${name}`;
  const message = `User: ${principalArn} is not authorized to perform: ${action} on resource: ${resourceArn}${endings[why](action)}`;
  checkError(reply, 'AccessDeniedException', message);
}

function checkGood(reply: Reply, { row }: GoodRequest): void {
  expect(reply, reply.text.slice(0, 300)).toMatchObject({ status: row.answer.status });
}

function rootArn(client: Client): string {
  return `arn:aws:iam::${client.target.accountId}:root`;
}

/** A user of the account that the request belongs to. */
function ownUser({ root }: GoodRequest, policy?: object): Promise<FreshUser> {
  return new Admin(root).freshUser(policy);
}

function fresh(name: OperationName): Promise<GoodRequest> {
  return goodRequest(firn.client, name);
}

/** Asks as somebody of another account, naming the owner's. */
function across(request: GoodRequest, client: Client): Promise<Reply> {
  return request.send(client, { account: request.root.target.accountId });
}

describe.each(operationNames)('%s in the own account', (name) => {
  const action = `glacier:${name}`;

  it('is refused to a user without policies', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request);
    checkDenied(await request.send(client), arn, request, 'no identity policy');
    const { accountId } = request.root.target;
    const byDigits = await request.send(client, { account: accountId });
    checkDenied(byDigits, arn, request, 'no identity policy');
    checkGood(await request.send(), request);
  });

  it('is allowed by an identity policy that names it', async () => {
    const request = await fresh(name);
    const { client } = await ownUser(request, identityPolicy('Allow', action, request.resourceArn));
    checkGood(await request.send(client), request);
  });

  it('is allowed to a session of a user as to the user', async () => {
    const request = await fresh(name);
    const admin = new Admin(request.root);
    const { arn, userName } = await ownUser(request);
    const { accountId } = request.root.target;
    const session = { accountId, ...(await admin.createSession({ userName })) };
    const client = clientFor(firn.server, session, session.sessionToken);
    checkDenied(await request.send(client), arn, request, 'no identity policy');
    await admin.putPolicy(userName, 'only', identityPolicy('Allow', action));
    checkGood(await request.send(client), request);
  });

  it('is not allowed by a policy that names all others, or another resource', async () => {
    const request = await fresh(name);
    const others = operationNames.filter((other) => other !== name);
    const { client, arn, userName } = await ownUser(
      request,
      identityPolicy(
        'Allow',
        others.map((other) => `glacier:${other}`),
      ),
    );
    const elsewhere = identityPolicy('Allow', 'glacier:*', `${request.resourceArn}-other`);
    await new Admin(request.root).putPolicy(userName, 'second', elsewhere);
    checkDenied(await request.send(client), arn, request, 'no identity policy');
  });

  it('is refused by a Deny in an identity policy, whatever allows it', async () => {
    const request = await fresh(name);
    const { client, arn, userName } = await ownUser(request, identityPolicy('Allow', '*'));
    await new Admin(request.root).putPolicy(userName, 'second', identityPolicy('Deny', action));
    checkDenied(await request.send(client), arn, request, 'identity deny');
    if (!governed.includes(name)) return;
    await setVaultPolicy(request, 'Allow', arn);
    checkDenied(await request.send(client), arn, request, 'identity deny');
  });

  it('follows a change of an identity policy at once', async () => {
    const request = await fresh(name);
    const admin = new Admin(request.root);
    const { client, arn, userName } = await ownUser(request);
    checkDenied(await request.send(client), arn, request, 'no identity policy');
    await admin.putPolicy(userName, 'only', identityPolicy('Allow', action));
    checkGood(await request.send(client), request);
    await admin.putPolicy(userName, 'only', identityPolicy('Deny', action));
    checkDenied(await request.send(client), arn, request, 'identity deny');
    await admin.deletePolicy(userName, 'only');
    checkDenied(await request.send(client), arn, request, 'no identity policy');
  });

  it('is refused after the version and before fields and body are looked at', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request);
    const malformed: SendOptions = {
      query: 'limit=0&marker=x&completed=x',
      ...(typeof request.row.body === 'object' ? { body: '{' } : {}),
      headers: { 'x-amz-part-size': 'x', 'x-amz-archive-size': 'x', Range: 'x' },
    };
    checkDenied(await request.send(client, malformed), arn, request, 'no identity policy');
    const headers = { 'x-amz-glacier-version': undefined };
    const message = 'Required parameter missing: API version';
    const noVersion = await request.send(client, { headers });
    checkError(noVersion, 'MissingParameterValueException', message);
  });

  it('is in the audit when it is refused and would have changed something', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request);
    const reply = await request.send(client);
    checkDenied(reply, arn, request, 'no identity policy');
    const entries = await new Admin(firn.client).auditEntries({ principal: arn });
    const refusal = {
      kind: 'Refused',
      account: request.root.target.accountId,
      principal: arn,
      requestId: reply.header('x-amzn-RequestId'),
      data: { operation: name, resource: request.resourceArn },
    };
    const isChange = request.row.method !== 'GET';
    expect(entries).toMatchObject(isChange ? [refusal] : []);
  });
});

describe.each(governed)('%s and the policy of the vault', (name) => {
  it('is refused by its Deny, to the root too', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request, identityPolicy('Allow', '*'));
    await setVaultPolicy(request, 'Deny', '*');
    checkDenied(await request.send(), rootArn(request.root), request, 'vault deny');
    checkDenied(await request.send(client), arn, request, 'vault deny');
  });

  it('is refused by a Deny of the account, and by one of the user alone', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request, identityPolicy('Allow', '*'));
    await setVaultPolicy(request, 'Deny', request.root.target.accountId);
    checkDenied(await request.send(), rootArn(request.root), request, 'vault deny');
    checkDenied(await request.send(client), arn, request, 'vault deny');
    // The root, too, may not change the policy any more.
    if (name === 'SetVaultAccessPolicy') return;
    await setVaultPolicy(request, 'Deny', arn);
    checkDenied(await request.send(client), arn, request, 'vault deny');
    checkGood(await request.send(), request);
  });

  it('is allowed by its Allow alone, to a user of the account', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request);
    const stranger = await ownUser(request);
    await setVaultPolicy(request, 'Allow', arn);
    const refused = await request.send(stranger.client);
    checkDenied(refused, stranger.arn, request, 'no identity policy');
    checkGood(await request.send(client), request);
  });

  it('is allowed by an Allow for the account, to each of its users', async () => {
    const request = await fresh(name);
    const { client } = await ownUser(request);
    await setVaultPolicy(request, 'Allow', rootArn(request.root));
    checkGood(await request.send(client), request);
  });

  it('follows a change of it at once', async () => {
    const request = await fresh(name);
    const { client, arn } = await ownUser(request);
    await setVaultPolicy(request, 'Allow', arn, 'glacier:ListJobs');
    if (name !== 'ListJobs') {
      checkDenied(await request.send(client), arn, request, 'no identity policy');
    }
    await setVaultPolicy(request, 'Allow', arn);
    await request.root.expect(204, 'DELETE', `/-/vaults/${request.vault}/access-policy`);
    checkDenied(await request.send(client), arn, request, 'no identity policy');
    await setVaultPolicy(request, 'Allow', arn);
    checkGood(await request.send(client), request);
  });
});

describe.each(notGoverned)('%s', (name) => {
  it('is no matter of the policy of a vault', async () => {
    const request = await fresh(name);
    const vault = request.vault === '' ? await request.root.freshVault() : request.vault;
    await request.root.createVault(vault);
    const place = { name, root: request.root, vault };
    const { client, arn } = await ownUser(request);
    await setVaultPolicy(place, 'Allow', '*', '*');
    checkDenied(await request.send(client), arn, request, 'no identity policy');
    await setVaultPolicy(place, 'Deny', '*', '*');
    checkGood(await request.send(), request);
  });
});

describe.each(needVault)('%s', (name) => {
  it('tells only who may ask that there is no such vault', async () => {
    const request = await fresh(name);
    const vault = uniqueName('no-such-vault');
    const { client, arn, userName } = await ownUser(request);
    const resourceArn = request.root.arn(vault);
    const refused = await request.send(client, { vault });
    checkDenied(refused, arn, { name, resourceArn }, 'no identity policy');
    const policy = identityPolicy('Allow', `glacier:${name}`);
    await new Admin(request.root).putPolicy(userName, 'only', policy);
    checkNoVault(await request.send(client, { vault }), request.root, vault);
  });
});

describe('another account', () => {
  let other: Client;

  beforeAll(async () => {
    other = await new Admin(firn.client).freshAccount();
  });

  function otherUser(policy?: object): Promise<FreshUser> {
    return new Admin(other).freshUser(policy);
  }

  describe.each(acrossAccounts)('%s', (name) => {
    const action = `glacier:${name}`;

    it('is refused to its root and its users when nothing lets them in', async () => {
      const request = await fresh(name);
      const user = await otherUser();
      checkDenied(await across(request, other), rootArn(other), request, 'no vault policy');
      const refused = await across(request, user.client);
      checkDenied(refused, user.arn, request, 'no identity policy');
    });

    it('is allowed to its root by the policy of the vault', async () => {
      const request = await fresh(name);
      await setVaultPolicy(request, 'Allow', rootArn(other));
      checkGood(await across(request, other), request);
    });

    it('is refused to its user with one side alone', async () => {
      const request = await fresh(name);
      const allowed = await otherUser(identityPolicy('Allow', action));
      const bare = await otherUser();
      checkDenied(await across(request, allowed.client), allowed.arn, request, 'no vault policy');
      await setVaultPolicy(request, 'Allow', bare.arn);
      checkDenied(await across(request, bare.client), bare.arn, request, 'no identity policy');
      checkDenied(await across(request, allowed.client), allowed.arn, request, 'no vault policy');
    });

    it('is allowed to its user with both sides', async () => {
      const request = await fresh(name);
      const user = await otherUser(identityPolicy('Allow', action, request.resourceArn));
      await setVaultPolicy(request, 'Allow', user.arn);
      const reply = await across(request, user.client);
      checkGood(reply, request);
      const location = reply.header('Location');
      const start = `/${request.root.target.accountId}/vaults/${request.vault}/`;
      if (location !== undefined) expect(location.startsWith(start)).toBe(true);
    });

    it('is refused by a Deny on either side', async () => {
      const request = await fresh(name);
      const user = await otherUser(identityPolicy('Allow', '*'));
      await setVaultPolicy(request, 'Deny', other.target.accountId);
      checkDenied(await across(request, user.client), user.arn, request, 'vault deny');
      checkDenied(await across(request, other), rootArn(other), request, 'vault deny');
      await setVaultPolicy(request, 'Allow', other.target.accountId);
      await new Admin(other).putPolicy(user.userName, 'second', identityPolicy('Deny', action));
      checkDenied(await across(request, user.client), user.arn, request, 'identity deny');
    });

    it('is the operation of the owner in the audit, with the caller as principal', async () => {
      const request = await fresh(name);
      const user = await otherUser();
      await across(request, user.client);
      const entries = await new Admin(firn.client).auditEntries({ principal: user.arn });
      const { accountId } = request.root.target;
      const data = { operation: name, resource: request.resourceArn };
      const refusal = { kind: 'Refused', account: accountId, principal: user.arn, data };
      expect(entries).toMatchObject(request.row.method === 'GET' ? [] : [refusal]);
    });
  });

  describe.each([...ownAccountOnly])('%s', (name) => {
    it('is refused to its root and its users, whatever the policies say', async () => {
      const request = await fresh(name);
      const { accountId } = request.root.target;
      const user = await otherUser(identityPolicy('Allow', '*'));
      if (governed.includes(name)) await setVaultPolicy(request, 'Allow', '*', '*');
      const message = `Access denied for account ID: ${accountId}`;
      for (const client of [other, user.client]) {
        checkError(await across(request, client), 'AccessDeniedException', message);
      }
    });

    it('is in the audit when it is refused and would have changed something', async () => {
      const request = await fresh(name);
      const user = await otherUser();
      await across(request, user.client);
      const entries = await new Admin(firn.client).auditEntries({ principal: user.arn });
      const refusal = { kind: 'Refused', principal: user.arn, data: { operation: name } };
      expect(entries).toMatchObject(request.row.method === 'GET' ? [] : [refusal]);
    });

    it('is refused to the operator in an account that is not his', async () => {
      const request = await fresh(name);
      const { accountId } = other.target;
      const reply = await request.send(firn.client, { account: accountId });
      checkError(reply, 'AccessDeniedException', `Access denied for account ID: ${accountId}`);
    });
  });
});

it('the table knows which operations stay in the own account', () => {
  const marked = operationNames.filter((name) => rowOf(name).isOwnAccountOnly === true);
  expect(marked.toSorted()).toEqual([...ownAccountOnly].toSorted());
});
