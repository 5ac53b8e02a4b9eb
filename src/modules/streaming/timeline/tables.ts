export type TimelineTables = {
  'streaming.timelines': { content_id: string; file_version: string; data: Buffer; made_at: Date }
}
