import type * as Sdk from '@aws-sdk/client-s3'
import type { Log } from '#kernel/log.ts'

export type S3Options = {
  /** Of a store that is not Amazon's; buckets are then addressed by path. */
  endpoint?: string | undefined
  /** Where clients reach the same store, when that is elsewhere. */
  publicEndpoint?: string | undefined
  bucket: string
  region: string
  /** Without them the SDK looks where Amazon's programs look (environment, profile, role of the machine). */
  accessKey?: string | undefined
  secretKey?: string | undefined
  log: Pick<Log, 'warn' | 'info'>
}
/** The store and how to speak to it. */
export type S3 = {
  readonly sdk: typeof Sdk
  readonly bucket: string
  /** For questions and for what is stored. */
  readonly client: Sdk.S3Client
  /** For bodies: a hundred slow listeners hold their connections without keeping a question waiting. */
  readonly bodies: Sdk.S3Client
  /** Makes links for others. */
  readonly links: Sdk.S3Client
  readonly log: S3Options['log']
  close(): void
}

const CONNECT_TIMEOUT_MS = 5_000
/** From the first byte of a request to the head of its answer: the body of one part is among it. */
const REQUEST_TIMEOUT_MS = 60_000
/** Tries of one request, with back-off between them. */
const ATTEMPTS_MAX = 4
const QUESTIONS_MAX = 64
const BODIES_MAX = 1024
/** A question waits for a connection when all are in use; the SDK would say so on the console. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {}, trace() {} }

/** The SDK is loaded here and only here: who keeps files in a folder never pays for it. */
export async function connectS3(o: S3Options): Promise<S3> {
  const sdk = await import('@aws-sdk/client-s3')
  const clientFor = (endpoint: string | undefined, socketsMax: number): Sdk.S3Client => {
    const agent = { keepAlive: true, maxSockets: socketsMax }
    return new sdk.S3Client({
      region: o.region,
      ...(endpoint && { endpoint, forcePathStyle: true }),
      ...(o.accessKey && { credentials: { accessKeyId: o.accessKey, secretAccessKey: o.secretKey ?? '' } }),
      // Trailing checksums are Amazon's own: several other stores refuse them, and the signature covers the body.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: ATTEMPTS_MAX,
      retryMode: 'standard',
      followRegionRedirects: true,
      logger: SILENT,
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        throwOnRequestTimeout: true,
        httpAgent: agent,
        httpsAgent: agent,
        logger: SILENT,
      },
    })
  }
  const [client, bodies] = [clientFor(o.endpoint, QUESTIONS_MAX), clientFor(o.endpoint, BODIES_MAX)]
  const links = clientFor(o.publicEndpoint ?? o.endpoint, 1)
  const close = () => [client, bodies, links].forEach((each) => each.destroy())
  return { sdk, bucket: o.bucket, client, bodies, links, log: o.log, close }
}
