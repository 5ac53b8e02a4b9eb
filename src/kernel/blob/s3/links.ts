import type { Link } from '../index.ts'
import type { S3 } from './client.ts'

/** A link by which anybody reads one object until it expires; made here, without asking the store. */
export async function linkTo(s3: S3, key: string, link: Link): Promise<string> {
  const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
  const get = new s3.sdk.GetObjectCommand({
    Bucket: s3.bucket,
    Key: key,
    ...(link.contentType && { ResponseContentType: link.contentType }),
    ...(link.disposition && { ResponseContentDisposition: link.disposition }),
    ...(link.cacheControl && { ResponseCacheControl: link.cacheControl }),
  })
  return getSignedUrl(s3.links, get, { expiresIn: link.expiresSec })
}
