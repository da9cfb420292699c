/**
 * A small client of the server's own API under `/_/`, signed like any request: accounts, users,
 * keys, policies, sessions, lock simulations, the audit, the test clock and faults.
 *
 * `request` takes any answer; the named methods do what a healthy administrator does and fail on
 * anything but the status they expect. An `Admin` acts on one account: the caller's own, or the one
 * that `of` names.
 */
import { Client, type JsonObject, type RequestOptions, uniqueName } from './client.ts';
import type { Reply } from './http.ts';
import type { Target } from './server.ts';
import type { Credentials, HeaderList } from './sign.ts';

export interface Status {
  readonly version: string;
  readonly profile: string;
  readonly region: string;
  readonly accountId: string;
  readonly isReadOnly: boolean;
  readonly alarms: readonly {
    readonly name: string;
    readonly message: string;
    readonly since: string;
  }[];
  readonly testClock: boolean;
}

export interface CallerDescription {
  readonly accountId: string;
  readonly arn: string;
  readonly userName: string | null;
  readonly isRoot: boolean;
  readonly isOperator: boolean;
}

export interface AccountDescription {
  readonly accountId: string;
  readonly createdAt: string;
}

/** A new account with the key of its root. */
export interface NewAccount extends Credentials {
  readonly accountId: string;
}

export interface UserDescription {
  readonly userName: string;
  readonly userId: string;
  readonly arn: string;
  readonly createdAt: string;
}

export interface UserPolicy {
  readonly policyName: string;
  /** The JSON text. */
  readonly policy: string;
}

export type KeyStatus = 'Active' | 'Inactive';

export interface AccessKeyDescription {
  readonly accessKeyId: string;
  readonly arn: string;
  readonly userName: string | null;
  readonly status: KeyStatus;
  readonly createdAt: string;
  /** Of a session; null for a key that stays. */
  readonly expiresAt: string | null;
}

export type NewAccessKey = AccessKeyDescription & Credentials;

export interface NewSession extends Credentials {
  readonly sessionToken: string;
  readonly expiresAt: string;
  readonly arn: string;
}

export interface SimulatedRequest {
  /** An ARN, `root` or a user's name; left out: the root. */
  readonly principal?: string;
  /** `DeleteArchive` or `glacier:DeleteArchive`. */
  readonly action: string;
  readonly archiveAgeInDays?: number;
  readonly sourceIp?: string;
  readonly time?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface SimulatedDecision {
  readonly principal: string;
  readonly action: string;
  readonly archiveAgeInDays: number | null;
  readonly decision: 'allowed' | 'denied';
  readonly reason: 'explicit-deny' | 'no-allow' | 'allowed';
  readonly source: 'identity' | 'vault-access' | 'vault-lock' | 'root';
  readonly statement: string | null;
}

export interface LockSimulation {
  readonly policy: string;
  readonly results: readonly SimulatedDecision[];
}

/** An entry of the journal, without sealed secrets. */
export interface AuditEntry {
  readonly sequence: number;
  readonly time: string;
  readonly lockTime: string;
  readonly account: string;
  readonly principal: string;
  readonly requestId: string;
  readonly kind: string;
  readonly data: JsonObject;
  readonly previous: string;
  readonly hash: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly nextAfter: number | null;
}

/** What narrows the audit, by the names of the query. */
export interface AuditQuery {
  readonly after?: number;
  readonly limit?: number;
  readonly account?: string;
  readonly principal?: string;
  readonly kind?: string;
  readonly vaultName?: string;
}

export interface AuditVerification {
  readonly isIntact: boolean;
  readonly entries: number;
  readonly lastSequence: number;
  /** null in an empty journal. */
  readonly lastHash: string | null;
  /** What is wrong, and where; null when nothing is. */
  readonly damage: string | null;
}

export interface ClockDescription {
  readonly isTestClock: boolean;
  readonly time: string;
  readonly lockTime: string;
  readonly state: 'running' | 'frozen';
}

export type Fault =
  | { readonly kind: 'error'; readonly code: string; readonly message?: string }
  | { readonly kind: 'break'; readonly afterBytes: number }
  | { readonly kind: 'corrupt'; readonly atByte: number }
  | { readonly kind: 'delay'; readonly milliseconds: number }
  | { readonly kind: 'fail-job'; readonly reason?: string };

export interface FaultRequest {
  /** One of the 33 names; left out: any. */
  readonly operation?: string;
  readonly vaultName?: string;
  /** How many requests it meets; left out: one. */
  readonly count?: number;
  readonly fault: Fault;
}

export interface FaultDescription {
  readonly faultId: string;
  readonly operation: string | null;
  readonly vaultName: string | null;
  readonly remaining: number;
  readonly fault: Fault;
}

/** Somebody who may be nobody yet: a user, his key, and a client that signs with it. */
export interface FreshUser {
  readonly userName: string;
  readonly arn: string;
  readonly key: NewAccessKey;
  readonly client: Client;
}

/** Credentials and, when they are of another account than the target's, its id. */
export type CallerCredentials = Credentials & { readonly accountId?: string };

/** Signs with temporary credentials: every request carries the session's token. */
class SessionClient extends Client {
  readonly #sessionToken: string;

  constructor(target: Target, sessionToken: string) {
    super(target);
    this.#sessionToken = sessionToken;
  }

  override headersFor(method: string, options: RequestOptions): HeaderList {
    const token = { 'x-amz-security-token': this.#sessionToken };
    return super.headersFor(method, { ...options, headers: { ...token, ...options.headers } });
  }
}

/** A client that talks to the same server as somebody else; it follows the server's restarts. */
export function clientFor(
  target: Target,
  credentials: CallerCredentials,
  sessionToken?: string,
): Client {
  const { accessKeyId, secretAccessKey, accountId = target.accountId } = credentials;
  const other: Target = {
    accessKeyId,
    secretAccessKey,
    accountId,
    region: target.region,
    get endpoint() {
      return target.endpoint;
    },
  };
  return sessionToken === undefined ? new Client(other) : new SessionClient(other, sessionToken);
}

/** `after=3&kind=Refused`, without what is undefined. */
function queryOf(parameters: object): string {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const query = pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return query.length === 0 ? '' : `?${query.join('&')}`;
}

export class Admin {
  readonly client: Client;
  /** 12 digits, or `-` for the caller's own. */
  readonly account: string;

  constructor(client: Client, account = '-') {
    this.client = client;
    this.account = account;
  }

  /** The same caller, on another account. */
  of(accountId: string): Admin {
    return new Admin(this.client, accountId);
  }

  // -- any request ------------------------------------------------------------------------------

  /** Sends a request to a path below `/_`; the answer may be anything. */
  request(
    method: string,
    path: string,
    body?: unknown,
    options: RequestOptions = {},
  ): Promise<Reply> {
    return this.client.request(method, `/_${path}`, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...options,
      headers: { 'x-amz-glacier-version': undefined, ...options.headers },
    });
  }

  /** A request that must give this status. */
  async expect(status: number, method: string, path: string, body?: unknown): Promise<Reply> {
    const reply = await this.request(method, path, body);
    if (reply.status !== status) {
      throw new Error(`${method} /_${path}: ${reply.status} instead of ${status}: ${reply.text}`);
    }
    return reply;
  }

  async #answer<Answer>(status: number, method: string, path: string, body?: unknown) {
    return (await this.expect(status, method, path, body)).json() as Answer;
  }

  #accountPath(path: string): string {
    return `/accounts/${this.account}${path}`;
  }

  // -- status and accounts ----------------------------------------------------------------------

  status(): Promise<Status> {
    return this.#answer(200, 'GET', '/status');
  }

  caller(): Promise<CallerDescription> {
    return this.#answer(200, 'GET', '/caller');
  }

  async accounts(): Promise<readonly AccountDescription[]> {
    const answer = await this.#answer<{ readonly accounts: AccountDescription[] }>(
      200,
      'GET',
      '/accounts',
    );
    return answer.accounts;
  }

  createAccount(accountId?: string): Promise<NewAccount> {
    return this.#answer(201, 'POST', '/accounts', accountId === undefined ? {} : { accountId });
  }

  /** A client of the root of a new account. */
  async freshAccount(): Promise<Client> {
    return clientFor(this.client.target, await this.createAccount());
  }

  // -- users and their policies -----------------------------------------------------------------

  async users(): Promise<readonly UserDescription[]> {
    const path = this.#accountPath('/users');
    return (await this.#answer<{ readonly users: UserDescription[] }>(200, 'GET', path)).users;
  }

  createUser(userName: string): Promise<UserDescription> {
    return this.#answer(201, 'POST', this.#accountPath('/users'), { userName });
  }

  async deleteUser(userName: string): Promise<void> {
    await this.expect(204, 'DELETE', this.#userPath(userName));
  }

  #userPath(userName: string): string {
    return this.#accountPath(`/users/${encodeURIComponent(userName)}`);
  }

  #policyPath(userName: string, policyName: string): string {
    return `${this.#userPath(userName)}/policies/${encodeURIComponent(policyName)}`;
  }

  async policies(userName: string): Promise<readonly UserPolicy[]> {
    const path = `${this.#userPath(userName)}/policies`;
    const answer = await this.#answer<{ readonly policies: UserPolicy[] }>(200, 'GET', path);
    return answer.policies;
  }

  policy(userName: string, policyName: string): Promise<UserPolicy> {
    return this.#answer(200, 'GET', this.#policyPath(userName, policyName));
  }

  /** Sets an identity policy: JSON text, or an object that is written as such. */
  async putPolicy(userName: string, policyName: string, policy: string | object): Promise<void> {
    const text = typeof policy === 'string' ? policy : JSON.stringify(policy);
    await this.expect(204, 'PUT', this.#policyPath(userName, policyName), { policy: text });
  }

  async deletePolicy(userName: string, policyName: string): Promise<void> {
    await this.expect(204, 'DELETE', this.#policyPath(userName, policyName));
  }

  /** A new user with a key, and with one identity policy when it is given. */
  async freshUser(policy?: string | object): Promise<FreshUser> {
    const { userName, arn } = await this.createUser(uniqueName('user'));
    if (policy !== undefined) await this.putPolicy(userName, 'first', policy);
    const key = await this.createAccessKey(userName);
    const accountId = arn.split(':')[4] ?? '';
    return { userName, arn, key, client: clientFor(this.client.target, { ...key, accountId }) };
  }

  // -- keys and sessions ------------------------------------------------------------------------

  /** All keys of the account, or those of one user. */
  async accessKeys(userName?: string): Promise<readonly AccessKeyDescription[]> {
    const path = this.#accountPath(`/access-keys${queryOf({ userName })}`);
    const answer = await this.#answer<{ readonly accessKeys: AccessKeyDescription[] }>(
      200,
      'GET',
      path,
    );
    return answer.accessKeys;
  }

  /** A new key of a user, or of the root when no name is given. */
  createAccessKey(userName?: string): Promise<NewAccessKey> {
    const body = userName === undefined ? {} : { userName };
    return this.#answer(201, 'POST', this.#accountPath('/access-keys'), body);
  }

  setKeyStatus(accessKeyId: string, status: KeyStatus): Promise<AccessKeyDescription> {
    return this.#answer(200, 'PATCH', this.#keyPath(accessKeyId), { status });
  }

  rotateAccessKey(accessKeyId: string): Promise<NewAccessKey> {
    return this.#answer(201, 'POST', `${this.#keyPath(accessKeyId)}/rotate`);
  }

  async deleteAccessKey(accessKeyId: string): Promise<void> {
    await this.expect(204, 'DELETE', this.#keyPath(accessKeyId));
  }

  #keyPath(accessKeyId: string): string {
    return this.#accountPath(`/access-keys/${encodeURIComponent(accessKeyId)}`);
  }

  createSession(
    options: { readonly userName?: string; readonly durationSeconds?: number } = {},
  ): Promise<NewSession> {
    return this.#answer(201, 'POST', this.#accountPath('/sessions'), options);
  }

  // -- the vault lock, tried out ----------------------------------------------------------------

  simulateLock(
    vaultName: string,
    options: { readonly policy?: string; readonly requests?: readonly SimulatedRequest[] } = {},
  ): Promise<LockSimulation> {
    const path = this.#accountPath(`/vaults/${encodeURIComponent(vaultName)}/lock-simulation`);
    return this.#answer(200, 'POST', path, options);
  }

  // -- audit ------------------------------------------------------------------------------------

  audit(query: AuditQuery = {}): Promise<AuditPage> {
    return this.#answer(200, 'GET', `/audit${queryOf(query)}`);
  }

  /** All entries that the query finds, page by page. */
  async auditEntries(query: AuditQuery = {}): Promise<readonly AuditEntry[]> {
    const entries: AuditEntry[] = [];
    let after: number | null = query.after ?? 0;
    while (after !== null) {
      const page: AuditPage = await this.audit({ limit: 1000, ...query, after });
      entries.push(...page.entries);
      after = page.nextAfter;
    }
    return entries;
  }

  verifyAudit(): Promise<AuditVerification> {
    return this.#answer(200, 'GET', '/audit/verification');
  }

  // -- the test clock ---------------------------------------------------------------------------

  clock(): Promise<ClockDescription> {
    return this.#answer(200, 'GET', '/clock');
  }

  /** Gives the clock after everything that fell due on the way has been done. */
  advanceClock(seconds: number): Promise<ClockDescription> {
    return this.#answer(200, 'POST', '/clock/advance', { seconds });
  }

  /** @param time ISO 8601 */
  setClock(time: string): Promise<ClockDescription> {
    return this.#answer(200, 'POST', '/clock/set', { time });
  }

  freezeClock(): Promise<ClockDescription> {
    return this.#answer(200, 'POST', '/clock/freeze');
  }

  runClock(): Promise<ClockDescription> {
    return this.#answer(200, 'POST', '/clock/run');
  }

  // -- faults -----------------------------------------------------------------------------------

  async faults(): Promise<readonly FaultDescription[]> {
    const answer = await this.#answer<{ readonly faults: FaultDescription[] }>(
      200,
      'GET',
      '/faults',
    );
    return answer.faults;
  }

  addFault(fault: FaultRequest): Promise<FaultDescription> {
    return this.#answer(201, 'POST', '/faults', fault);
  }

  async removeFault(faultId: string): Promise<void> {
    await this.expect(204, 'DELETE', `/faults/${encodeURIComponent(faultId)}`);
  }

  async clearFaults(): Promise<void> {
    await this.expect(204, 'DELETE', '/faults');
  }
}
