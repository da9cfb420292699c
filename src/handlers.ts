/** Operation -> function. Does not compile when one is missing. */
import type { OperationName } from './api/operations.ts';
import { deleteArchive } from './archives/delete-archive.ts';
import { uploadArchive } from './archives/upload-archive.ts';
import { getDataRetrievalPolicy } from './capacity/get-data-retrieval-policy.ts';
import { listProvisionedCapacity } from './capacity/list-provisioned-capacity.ts';
import { purchaseProvisionedCapacity } from './capacity/purchase-provisioned-capacity.ts';
import { setDataRetrievalPolicy } from './capacity/set-data-retrieval-policy.ts';
import { describeJob } from './jobs/describe-job.ts';
import { getJobOutput } from './jobs/get-job-output.ts';
import { initiateJob } from './jobs/initiate-job.ts';
import { listJobs } from './jobs/list-jobs.ts';
import { abortVaultLock } from './lock/abort-vault-lock.ts';
import { completeVaultLock } from './lock/complete-vault-lock.ts';
import { getVaultLock } from './lock/get-vault-lock.ts';
import { initiateVaultLock } from './lock/initiate-vault-lock.ts';
import { deleteVaultNotifications } from './notifications/delete-vault-notifications.ts';
import { getVaultNotifications } from './notifications/get-vault-notifications.ts';
import { setVaultNotifications } from './notifications/set-vault-notifications.ts';
import type { Handler } from './operation.ts';
import { deleteVaultAccessPolicy } from './policies/delete-vault-access-policy.ts';
import { getVaultAccessPolicy } from './policies/get-vault-access-policy.ts';
import { setVaultAccessPolicy } from './policies/set-vault-access-policy.ts';
import { abortMultipartUpload } from './uploads/abort-multipart-upload.ts';
import { completeMultipartUpload } from './uploads/complete-multipart-upload.ts';
import { initiateMultipartUpload } from './uploads/initiate-multipart-upload.ts';
import { listMultipartUploads } from './uploads/list-multipart-uploads.ts';
import { listParts } from './uploads/list-parts.ts';
import { uploadMultipartPart } from './uploads/upload-multipart-part.ts';
import { addTagsToVault } from './vaults/add-tags-to-vault.ts';
import { createVault } from './vaults/create-vault.ts';
import { deleteVault } from './vaults/delete-vault.ts';
import { describeVault } from './vaults/describe-vault.ts';
import { listTagsForVault } from './vaults/list-tags-for-vault.ts';
import { listVaults } from './vaults/list-vaults.ts';
import { removeTagsFromVault } from './vaults/remove-tags-from-vault.ts';

export const handlers: { readonly [Name in OperationName]: Handler<Name> } = {
  CreateVault: createVault,
  DescribeVault: describeVault,
  ListVaults: listVaults,
  DeleteVault: deleteVault,
  AddTagsToVault: addTagsToVault,
  ListTagsForVault: listTagsForVault,
  RemoveTagsFromVault: removeTagsFromVault,
  UploadArchive: uploadArchive,
  DeleteArchive: deleteArchive,
  InitiateMultipartUpload: initiateMultipartUpload,
  UploadMultipartPart: uploadMultipartPart,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListMultipartUploads: listMultipartUploads,
  ListParts: listParts,
  InitiateJob: initiateJob,
  DescribeJob: describeJob,
  ListJobs: listJobs,
  GetJobOutput: getJobOutput,
  SetVaultNotifications: setVaultNotifications,
  GetVaultNotifications: getVaultNotifications,
  DeleteVaultNotifications: deleteVaultNotifications,
  SetVaultAccessPolicy: setVaultAccessPolicy,
  GetVaultAccessPolicy: getVaultAccessPolicy,
  DeleteVaultAccessPolicy: deleteVaultAccessPolicy,
  InitiateVaultLock: initiateVaultLock,
  CompleteVaultLock: completeVaultLock,
  AbortVaultLock: abortVaultLock,
  GetVaultLock: getVaultLock,
  SetDataRetrievalPolicy: setDataRetrievalPolicy,
  GetDataRetrievalPolicy: getDataRetrievalPolicy,
  PurchaseProvisionedCapacity: purchaseProvisionedCapacity,
  ListProvisionedCapacity: listProvisionedCapacity,
};
