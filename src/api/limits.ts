/**
 * Numbers that Glacier promises or demands. Sources: the developer guide's quota page and the API
 * reference, unless a line says otherwise. "MB" and "GB" there mean MiB and GiB.
 */
const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;
const daySeconds = 24 * 60 * 60;

export const limits = {
  /** Vaults of an account in a region. */
  vaults: 1_000,
  /** The largest archive in one request. An empty archive is refused (chosen: clients report so). */
  uploadBytes: 4 * gibibyte,
  smallestPartBytes: mebibyte,
  largestPartBytes: 4 * gibibyte,
  parts: 10_000,
  descriptionCharacters: 1_024,
  vaultNameCharacters: 255,
  /** Default and maximum of `limit`. A larger one is clamped: clients from before 2018 send 1,000. */
  vaultsPerPage: 10,
  itemsPerPage: 50,
  /** What each archive adds to a vault's SizeInBytes (observed). */
  archiveOverheadBytes: 32_768,
  tagsPerVault: 50,
  /** Of one request. */
  tagsPerRequest: 10,
  tagKeyCharacters: 128,
  tagValueCharacters: 255,
  /** Valid units of an account at once. */
  provisionedCapacityUnits: 2,
  /** JSON bodies (chosen: a policy of 20 KiB and a select expression of 128 KB fit many times). */
  jsonBodyBytes: mebibyte,
  /** How old a signature may be, either way (observed). */
  signatureSkewSeconds: 5 * 60,
  /** Output of a job is kept for at least this long. */
  jobOutputSeconds: daySeconds,
  /** An upload without activity may be removed after this long. */
  uploadIdleSeconds: daySeconds,
  /** A body that stands still for this long is given up (chosen: Amazon's number is not known). */
  bodyIdleSeconds: 60,
} as const;
