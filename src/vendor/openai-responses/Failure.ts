/**
 * What the failures of Responses mean beyond those that all of OpenAI's APIs share.
 *
 * @since 0.1.0
 */
import type { AttemptError } from "../../VendorError.ts"
import type * as Status from "../../wire/Status.ts"
import * as Failure from "../openai/Failure.ts"

/**
 * Codes of a response's `error`, which has no status beside it; and of an answer outside 2xx.
 *
 * Encrypted reasoning opens only to the account that made it: another target, that account's, may take the request.
 */
const differences: Failure.Differences = {
  words: [[/flagged as potentially violating/i, "ContentFiltered"]],
  codes: {
    invalid_encrypted_content: "UnsupportedFeature",

    bio_policy: "ContentFiltered",
    cyber_policy: "ContentFiltered",
    misalignment_policy_violation: "ContentFiltered",
    image_content_policy_violation: "ContentFiltered",

    data_residency_mismatch: "PermissionDenied",
    vector_store_timeout: "ServerFault",

    invalid_prompt: "InvalidRequest",
    invalid_image: "InvalidRequest",
    invalid_image_format: "InvalidRequest",
    invalid_base64_image: "InvalidRequest",
    invalid_image_url: "InvalidRequest",
    invalid_image_mode: "InvalidRequest",
    image_too_large: "InvalidRequest",
    image_too_small: "InvalidRequest",
    image_parse_error: "InvalidRequest",
    image_file_too_large: "InvalidRequest",
    image_file_not_found: "InvalidRequest",
    empty_image_file: "InvalidRequest",
    unsupported_image_media_type: "InvalidRequest",
    failed_to_download_image: "InvalidRequest"
  }
}

const join = (other: Failure.Differences | undefined): Failure.Differences =>
  other === undefined ? differences : {
    words: [...differences.words!, ...(other.words ?? [])],
    statuses: other.statuses,
    codes: { ...differences.codes, ...other.codes }
  }

/**
 * Reads an answer outside 2xx.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromResponse = (failed: Status.Failed, other?: Failure.Differences): AttemptError =>
  Failure.fromResponse(failed, join(other))

/**
 * Reads the `error` of a response that failed, or of an `error` event.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromError = (error: unknown): AttemptError =>
  Failure.fromEvent({ error: error ?? { message: "the response failed" } }, differences)
