/** Names of vaults and principals as policies and answers write them (documented). */

/** Where a vault is. */
export interface VaultPlace {
  readonly region: string;
  readonly accountId: string;
  readonly vaultName: string;
}

export function vaultArn(place: VaultPlace): string {
  return `arn:aws:glacier:${place.region}:${place.accountId}:vaults/${place.vaultName}`;
}

/** The principal that an account begins with. */
export function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

export function userArn(accountId: string, userName: string): string {
  return `arn:aws:iam::${accountId}:user/${userName}`;
}

/** The name in a user's ARN; undefined for the root's. */
export function userNameOf(principalArn: string): string | undefined {
  return /^arn:aws:iam::[0-9]{12}:user\/(.+)$/.exec(principalArn)?.[1];
}

/** A topic of Amazon's notification service, or of one that speaks like it; FIFO topics end in `.fifo`. */
export const snsTopicPattern =
  /^arn:aws(?:-[a-z-]{1,20})?:sns:[a-z0-9-]{1,32}:[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$/;
