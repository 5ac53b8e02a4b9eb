import { bytes, flag, oneOf, optional, roots, type Root, setting, text, url } from './schema.ts'

/** Files elsewhere than in the data folder, and who sends them. */
export const storage = {
  s3Endpoint: optional({
    env: 'S3_ENDPOINT',
    group: 'storage',
    about: 'Address of the S3 store, when it is not Amazon’s',
    example: 'https://s3.example.org',
    parse: url('http', 'https'),
  }),
  s3PublicEndpoint: optional({
    env: 'S3_PUBLIC_ENDPOINT',
    group: 'storage',
    about: 'Address by which clients reach the same store (for S3_REDIRECT), when it is another',
    example: 'https://files.example.org',
    parse: url('http', 'https'),
  }),
  s3Bucket: optional({
    env: 'S3_BUCKET',
    aliases: ['S3_BUCKET_NAME'],
    group: 'storage',
    about: 'Bucket for uploads, pictures and transcodes, all its own; without it they lie in the data folder',
    example: 'tutti',
    parse: text,
  }),
  s3Region: setting({
    env: 'S3_REGION',
    group: 'storage',
    about: 'Region of the bucket',
    parse: text,
    fallback: 'us-east-1',
  }),
  s3AccessKey: optional({
    env: 'S3_ACCESS_KEY',
    group: 'storage',
    about: 'Key of the store; without it what Amazon’s programs use (AWS_ACCESS_KEY_ID, role of the machine)',
    secret: true,
    parse: text,
  }),
  s3SecretKey: optional({
    env: 'S3_SECRET_KEY',
    group: 'storage',
    about: 'Its secret',
    secret: true,
    parse: text,
  }),
  s3Redirect: setting({
    env: 'S3_REDIRECT',
    group: 'storage',
    about: 'Send apps (never web pages) to the store itself for whole files, by links that expire',
    parse: flag,
    fallback: false,
  }),
  s3CopiesBytes: setting({
    env: 'S3_COPIES_SIZE',
    group: 'storage',
    about: 'Most that local copies for FFmpeg may take, of uploads that lie in a bucket',
    example: '20G',
    parse: bytes,
    fallback: 5 * 1024 ** 3,
  }),
  sendfile: optional({
    env: 'SENDFILE',
    group: 'storage',
    about: 'Let the server in front send files: nginx (X-Accel-Redirect) or apache (X-Sendfile, lighttpd too)',
    example: 'nginx',
    parse: oneOf(['nginx', 'apache'] as const),
  }),
  sendfileRoots: setting({
    env: 'SENDFILE_ROOTS',
    group: 'storage',
    about: 'Folders that it may send and where it has them, separated by commas; else blobs and music folders',
    example: '/music=/_tutti/music/1,/data/blobs=/_tutti/blobs',
    parse: roots,
    fallback: [] as readonly Root[],
  }),
}

type Values = {
  readonly s3Endpoint: string | undefined
  readonly s3Bucket: string | undefined
  readonly s3AccessKey: string | undefined
  readonly s3SecretKey: string | undefined
  readonly sendfile: string | undefined
  readonly trustProxy: readonly string[]
}

/** What is wrong with these settings together. */
export function storageFaults(v: Values): string[] {
  const faults: string[] = []
  if (v.s3Endpoint && !v.s3Bucket) faults.push('S3_ENDPOINT needs S3_BUCKET: the bucket that is Tutti’s own')
  if ((v.s3AccessKey === undefined) !== (v.s3SecretKey === undefined))
    faults.push('S3_ACCESS_KEY and S3_SECRET_KEY belong together: set both or none')
  if (v.sendfile && v.trustProxy.length === 0)
    faults.push('SENDFILE needs TRUST_PROXY, the address of the server in front: only its requests are answered so')
  return faults
}
